import type { Sequence } from '../../core/decoder.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import type { Logits } from '../../core/logits.ts';
import {
  ATTENTION_MASK,
  INPUT_IDS,
  LOGITS,
  NUM_LOGITS_TO_KEEP,
  POSITION_IDS,
  parsePastName,
  presentName,
} from '../../core/onnx/decoder-io.ts';
import type { LogitsBuffer } from '../logits-buffer.ts';
import type { InferenceSession, Tensor } from './onnxruntime.ts';

type Ort = Awaited<ReturnType<typeof import('./onnxruntime.ts').createSession>>['ort'];
type Feeds = Record<string, Tensor>;

export interface OrtModel {
  ort: Ort;
  session: InferenceSession;
  shape: Pick<Manifest, 'contextWindow' | 'vocabularySize' | 'keyValueHeads' | 'headDimension'>;
  /** Where each row of logits is copied to be read: onnxruntime-web's own memory cannot be reached. */
  logits: LogitsBuffer;
}

/** onnxruntime-web gives the logits of several positions as one array; 8 MB of it is little beside the weights. */
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

  constructor(model: OrtModel, past: Feeds = emptyPast(model), length = 0) {
    this.#model = model;
    this.#past = past;
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  async forward(tokens: readonly number[], rows = 1): Promise<Float32Array> {
    this.#checkRoom(tokens.length);
    const { session, shape } = this.#model;
    const outputs = await session.run({ ...this.#inputs(tokens, rows), ...this.#past });
    this.#length += tokens.length;
    for (const name of Object.keys(this.#past)) this.#past[name] = outputs[presentName(parsePastName(name)!)] as Tensor;
    const logits = outputs[LOGITS].data as Float32Array;
    return logits.subarray(logits.length - rows * shape.vocabularySize);
  }

  async forwardEach(tokens: readonly number[], rows: number, read: (logits: Logits, row: number) => void): Promise<void> {
    this.#checkRoom(tokens.length);
    const { shape, logits } = this.#model;
    const rowsAtOnce = Math.max(1, Math.floor(MAX_LOGITS_BYTES / (shape.vocabularySize * 4)));
    // The first call also feeds the tokens before them, whose logits nobody wants.
    for (let start = 0, row = 0; start < tokens.length; ) {
      const count = Math.min(rowsAtOnce, rows - row);
      const end = tokens.length - rows + row + count;
      const values = await this.forward(tokens.slice(start, end), count);
      for (let index = 0; index < count; index++)
        read(logits.load(values.subarray(index * shape.vocabularySize, (index + 1) * shape.vocabularySize)), row + index);
      [start, row] = [end, row + count];
    }
  }

  fork(): Sequence {
    return new OrtSequence(this.#model, { ...this.#past }, this.#length);
  }

  dispose(): void {
    this.#past = {};
  }

  #checkRoom(count: number): void {
    const { contextWindow } = this.#model.shape;
    const length = this.#length + count;
    if (length > contextWindow)
      throw new GptEdgeError('context_length_exceeded', `The context window is ${contextWindow} tokens; ${length} were fed.`);
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
