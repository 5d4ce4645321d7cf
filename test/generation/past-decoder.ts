import type { Decoder, Feed, KvCache, Prefix, Sequence } from '../../src/core/decoder.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import type { LogitsBuffer } from '../../src/runtime/logits-buffer.ts';
import { emptyLogits } from './sampling/reference-logits.ts';

/** How much a generation may compute before other requests get their turn. */
export const MULTIPLY_ADDS_PER_TURN = 125e6;

/** Floats of a hidden state. */
const HIDDEN_SIZE = 8;

export interface PastDecoderOptions {
  vocabularySize?: number;
  contextWindow?: number;
  /** Positions of a block of its cache, which holds no values, but is counted as a real one. */
  blockPositions?: number;
  /** By default, there is room for whatever a test does. */
  totalBlocks?: number;
}

/**
 * A decoder without weights, for the scheduler: the logits after some tokens are pseudo-random numbers that depend on
 * every token before. All its sequences lend the same buffer, and overwrite it after each use, so that a test fails if
 * anything keeps it.
 */
export class PastDecoder implements Decoder {
  readonly engine = 'past';
  readonly vocabularySize: number;
  readonly contextWindow: number;
  readonly multiplyAddsPerTurn = MULTIPLY_ADDS_PER_TURN;
  costOfMultiplyAdd = 1;
  /** Floats of its hidden states, which depend on every token before, as the logits do. */
  readonly hiddenSize = HIDDEN_SIZE;
  readonly kvCache: KvCache;
  /** Sequences that were made and not disposed. */
  openSequences = 0;
  /** The tokens of each feed, in each batch so far. */
  readonly batches: number[][][] = [];
  /** How many rows of logits each feed asked for, in each batch so far. */
  readonly rows: number[][] = [];
  /** Thrown by the next batch. */
  failure: unknown = null;
  readonly #logits: LogitsBuffer;
  readonly #tokens = new WeakMap<Sequence, number[]>();
  #heldBlocks = 0;

  constructor({ vocabularySize = 50, contextWindow = 64, blockPositions = 16, totalBlocks = 1000 }: PastDecoderOptions = {}) {
    this.vocabularySize = vocabularySize;
    this.contextWindow = contextWindow;
    this.#logits = emptyLogits(vocabularySize);
    const held = () => this.#heldBlocks;
    const windowBlocks = Math.ceil(contextWindow / blockPositions);
    let total = totalBlocks;
    this.kvCache = {
      blockPositions,
      get totalBlocks() {
        return total;
      },
      get freeBlocks() {
        return total - held();
      },
      // A block counts as a byte.
      addRoom(bytes) {
        const before = total;
        total = Math.max(held(), windowBlocks, total + bytes);
        return total - before;
      },
    };
  }

  /** It reuses nothing. */
  createSequence(_prefix?: Prefix): Sequence {
    return this.#sequence([]);
  }

  async forwardBatch(feeds: readonly Feed[]): Promise<void> {
    if (this.failure !== null) throw this.failure;
    if (feeds.reduce((sum, { sequence, tokens }) => sum + sequence.blocksFor(tokens.length), 0) > this.kvCache.freeBlocks)
      throw new GptEdgeError('memory_limit_exceeded', 'no room');
    this.batches.push(feeds.map(({ tokens }) => [...tokens]));
    this.rows.push(feeds.map(({ rows }) => rows));
    for (const { sequence, tokens: next, rows, read, readHidden, wanted } of feeds) {
      const tokens = this.#tokens.get(sequence);
      if (tokens === undefined) throw new Error('the sequence is disposed');
      if (tokens.length + next.length > this.contextWindow) throw new GptEdgeError('context_length_exceeded', 'does not fit');
      this.#heldBlocks += sequence.blocksFor(next.length);
      tokens.push(...next);
      for (let row = 0; row < rows; row++) {
        const past = tokens.slice(0, tokens.length - rows + row + 1);
        if (readHidden) readHidden(this.hiddenAfter(past), row);
        else {
          const isWithheld = (id: number) => wanted !== undefined && ((wanted[id >> 5] >>> (id & 31)) & 1) === 0;
          const logits = this.logitsAfter(past).map((logit, id) => (isWithheld(id) ? Number.NEGATIVE_INFINITY : logit));
          read(this.#logits.load(logits), row);
        }
        this.#spoil();
      }
    }
  }

  async dispose(): Promise<void> {}

  /** All tokens that were fed so far, in order. */
  get calls(): number[][] {
    return this.batches.flat();
  }

  /** What `forward` returns after `past`: [vocabularySize], from -4 to 4. */
  logitsAfter(past: readonly number[]): Float32Array {
    let state = past.reduce((hash, token) => Math.imul(hash ^ (token + 1), 0x9e3779b1) ^ (hash >>> 13), 0x2545f491);
    return Float32Array.from({ length: this.vocabularySize }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >>> 8) / 2 ** 21 - 4;
    });
  }

  /** The hidden state after `past`: [hiddenSize], from -4 to 4. */
  hiddenAfter(past: readonly number[]): Float32Array {
    return this.logitsAfter(past).slice(0, HIDDEN_SIZE);
  }

  #spoil(): void {
    this.#logits.values.fill(Number.NaN);
    this.#logits.weights.fill(Number.NaN);
  }

  #sequence(past: readonly number[]): Sequence {
    const tokens = [...past];
    const blocks = (length: number) => Math.ceil(length / this.kvCache.blockPositions);
    this.openSequences++;
    this.#heldBlocks += blocks(tokens.length);
    const sequence: Sequence = {
      get length() {
        return tokens.length;
      },
      forward: async (next, rows = 1) => {
        const all = new Float32Array(rows * this.vocabularySize);
        await sequence.forwardEach(next, rows, ({ values }, row) => all.set(values, row * this.vocabularySize));
        return all;
      },
      forwardEach: (next, rows, read) => this.forwardBatch([{ sequence, tokens: next, rows, read }]),
      blocksFor: (count) => blocks(tokens.length + count) - blocks(tokens.length),
      truncate: (length) => {
        this.#heldBlocks -= blocks(tokens.length) - blocks(length);
        tokens.splice(length);
      },
      fork: () => this.#sequence(tokens),
      dispose: () => {
        if (!this.#tokens.delete(sequence)) return;
        this.openSequences--;
        this.#heldBlocks -= blocks(tokens.length);
      },
    };
    this.#tokens.set(sequence, tokens);
    return sequence;
  }
}
