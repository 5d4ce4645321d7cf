import type { Feed, Sequence } from '../../core/decoder.ts';
import { falseManifest } from '../../core/folder/false-manifest.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import {
  ATTENTION_MASK,
  INPUT_IDS,
  LOGITS,
  NUM_LOGITS_TO_KEEP,
  POSITION_IDS,
  parsePastName,
  presentName,
} from '../../core/onnx/decoder-io.ts';
import { checkFeeds } from '../check-feeds.ts';
import { forwardRows } from '../forward-rows.ts';
import type { LogitsBuffer } from '../logits-buffer.ts';
import type { InferenceSession, Tensor } from './onnxruntime.ts';
import type { HeldBlocks, OrtCache } from './ort-cache.ts';

type Ort = Awaited<ReturnType<typeof import('./onnxruntime.ts').createSession>>['ort'];
type Feeds = Record<string, Tensor>;

export interface OrtModel {
  ort: Ort;
  session: InferenceSession;
  shape: Pick<Manifest, 'contextWindow' | 'vocabularySize' | 'keyValueHeads' | 'headDimension'>;
  /**
   * A buffer into which each row of logits is copied before it is read, because the kernels cannot reach
   * onnxruntime-web's own memory.
   */
  logits: LogitsBuffer;
  /** Counts the room of all sequences. */
  cache: OrtCache;
}

/**
 * onnxruntime-web gives the logits of several positions as one array; 8 MB of it is little compared with the weights.
 */
const MAX_LOGITS_BYTES = 8 * 2 ** 20;

/**
 * A sequence whose KV cache is the graph's own `present` outputs, fed back as the next step's `past`. They never
 * change after they were made, so forks share them.
 */
export class OrtSequence implements Sequence {
  readonly #model: OrtModel;
  /** `past_key_values.N.key` and `.value`: [1, keyValueHeads, length, headDimension] each. */
  #past: Feeds;
  #length: number;
  readonly #held: HeldBlocks;

  constructor(model: OrtModel, past: Feeds = emptyPast(model), length = 0) {
    this.#model = model;
    this.#past = past;
    this.#length = length;
    this.#held = model.cache.hold(this);
  }

  get length(): number {
    return this.#length;
  }

  blocksFor(tokens: number): number {
    return Math.max(0, Math.ceil((this.#length + tokens) / this.#model.cache.blockPositions) - this.#held.count);
  }

  forward(tokens: readonly number[], rows = 1): Promise<Float32Array> {
    return forwardRows(this, tokens, rows, this.#model.shape.vocabularySize);
  }

  async forwardEach(tokens: readonly number[], rows: number, read: Feed['read']): Promise<void> {
    const feed = { sequence: this, tokens, rows, read };
    checkFeeds([feed], this.#model.shape.contextWindow, this.#model.cache);
    this.reserve(tokens.length);
    await this.append(feed);
  }

  /** Counts the room of tokens that are going to be appended. */
  reserve(tokens: number): void {
    this.#model.cache.resize(this.#held, this.#length + tokens);
  }

  /** Computes one feed of a step whose feeds have been checked, and whose room is reserved. */
  async append({ tokens, rows, read }: Omit<Feed, 'sequence'>): Promise<void> {
    const { shape, logits } = this.#model;
    const rowsAtOnce = Math.max(1, Math.floor(MAX_LOGITS_BYTES / (shape.vocabularySize * 4)));
    // The first call also feeds the tokens before them, whose logits are not needed.
    for (let start = 0, row = 0; start < tokens.length; ) {
      const count = Math.min(rowsAtOnce, rows - row);
      const end = tokens.length - rows + row + count;
      const values = await this.#run(tokens.slice(start, end), count);
      for (let index = 0; index < count; index++)
        read(logits.load(values.subarray(index * shape.vocabularySize, (index + 1) * shape.vocabularySize)), row + index);
      [start, row] = [end, row + count];
    }
  }

  truncate(length: number): void {
    if (length < 0 || length > this.#length) throw new RangeError(`${this.#length} positions cannot be cut to ${length}`);
    for (const [name, tensor] of Object.entries(this.#past)) this.#past[name] = this.#cut(tensor, length);
    this.#length = length;
    this.#model.cache.resize(this.#held, length);
  }

  fork(): Sequence {
    return new OrtSequence(this.#model, { ...this.#past }, this.#length);
  }

  dispose(): void {
    this.#past = {};
    this.#model.cache.resize(this.#held, 0);
  }

  /** The first `length` positions of keys or values: [1, keyValueHeads, length, headDimension]. */
  #cut(tensor: Tensor, length: number): Tensor {
    const [batch, heads, positions, dimension] = tensor.dims;
    const values = tensor.data as Float32Array;
    const cut = new Float32Array(heads * length * dimension);
    for (let head = 0; head < heads; head++) {
      const start = head * positions * dimension;
      cut.set(values.subarray(start, start + length * dimension), head * length * dimension);
    }
    return new this.#model.ort.Tensor('float32', cut, [batch, heads, length, dimension]);
  }

  /** Runs the graph. @returns the logits after each of the last `rows` tokens */
  async #run(tokens: readonly number[], rows: number): Promise<Float32Array> {
    const { session, shape } = this.#model;
    const outputs = await session.run({ ...this.#inputs(tokens, rows), ...this.#past });
    this.#length += tokens.length;
    for (const name of Object.keys(this.#past)) this.#past[name] = outputs[presentName(parsePastName(name)!)] as Tensor;
    const { data, dims } = outputs[LOGITS];
    // A graph may leave the size of its logits open, so it is first seen here.
    if (dims.at(-1) !== shape.vocabularySize) throw falseManifest('vocabularySize', shape.vocabularySize, 'graph', dims.at(-1));
    const logits = data as Float32Array;
    return logits.subarray(logits.length - rows * shape.vocabularySize);
  }

  /** The inputs that the graph names, of those that decoder graphs in the form of transformers.js have. */
  #inputs(tokens: readonly number[], rows: number): Feeds {
    const { ort, session } = this.#model;
    const int64 = (values: ArrayLike<number>, dims: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
    const total = this.#length + tokens.length;
    const positions = tokens.map((_, index) => this.#length + index);
    const inputs: Feeds = {
      [INPUT_IDS]: int64(tokens, [1, tokens.length]),
      [ATTENTION_MASK]: int64(new Array(total).fill(1), [1, total]),
      [POSITION_IDS]: int64(positions, [1, tokens.length]),
      // 0 would keep all.
      [NUM_LOGITS_TO_KEEP]: int64([Math.max(1, rows)], []),
    };
    return Object.fromEntries(Object.entries(inputs).filter(([name]) => session.inputNames.includes(name)));
  }
}

/** The sizes are the manifest's: graphs made by ONNX Runtime's own tools leave some of them open. */
function emptyPast({ ort, session, shape }: OrtModel): Feeds {
  const nothing = () => new ort.Tensor('float32', new Float32Array(0), [1, shape.keyValueHeads, 0, shape.headDimension]);
  const names = session.inputNames.filter(parsePastName);
  return Object.fromEntries(names.map((name) => [name, nothing()]));
}
