import type { Decoder, Feed, Sequence } from '../../src/core/decoder.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import type { Logits } from '../../src/core/logits.ts';
import type { LogitsBuffer } from '../../src/runtime/logits-buffer.ts';
import { emptyLogits } from './sampling/reference-logits.ts';

/** How much a generation may compute before other requests get their turn. */
export const MULTIPLY_ADDS_PER_TURN = 125e6;

/**
 * A decoder without weights, for the generation loop: the logits after some tokens are pseudo-random numbers that
 * depend on every token before. All its sequences lend the same buffer, and overwrite it after each use, so that a test
 * fails if anything keeps it.
 */
export class PastDecoder implements Decoder {
  readonly engine = 'past';
  readonly vocabularySize: number;
  readonly contextWindow: number;
  readonly multiplyAddsPerTurn = MULTIPLY_ADDS_PER_TURN;
  readonly kvCache = { blockPositions: 32, totalBlocks: 1000, freeBlocks: 1000 };
  /** Sequences that were made and not disposed. */
  openSequences = 0;
  /** Tokens of each forward call so far. */
  readonly calls: number[][] = [];
  /** How many rows of logits each forward call handed out. */
  readonly rows: number[] = [];
  readonly #logits: LogitsBuffer;

  constructor(vocabularySize: number, contextWindow: number) {
    this.vocabularySize = vocabularySize;
    this.contextWindow = contextWindow;
    this.#logits = emptyLogits(vocabularySize);
  }

  createSequence(): Sequence {
    return this.#sequence([]);
  }

  async forwardBatch(feeds: readonly Feed[]): Promise<void> {
    for (const { sequence, tokens, rows, read } of feeds) await sequence.forwardEach(tokens, rows, read);
  }

  loadLogits(values: Float32Array): Logits {
    queueMicrotask(() => this.#spoil());
    return this.#logits.load(values);
  }

  async dispose(): Promise<void> {}

  /** What `forward` returns after `past`: [vocabularySize], from -4 to 4. */
  logitsAfter(past: readonly number[]): Float32Array {
    let state = past.reduce((hash, token) => Math.imul(hash ^ (token + 1), 0x9e3779b1) ^ (hash >>> 13), 0x2545f491);
    return Float32Array.from({ length: this.vocabularySize }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >>> 8) / 2 ** 21 - 4;
    });
  }

  #spoil(): void {
    this.#logits.values.fill(Number.NaN);
    this.#logits.weights.fill(Number.NaN);
  }

  #sequence(past: readonly number[]): Sequence {
    const tokens = [...past];
    let open = true;
    this.openSequences++;
    const forwardEach: Sequence['forwardEach'] = async (next, rows, read) => {
      if (!open) throw new Error('the sequence is disposed');
      if (tokens.length + next.length > this.contextWindow) throw new GptEdgeError('context_length_exceeded', 'does not fit');
      this.calls.push([...next]);
      this.rows.push(rows);
      tokens.push(...next);
      for (let row = 0; row < rows; row++) {
        read(this.#logits.load(this.logitsAfter(tokens.slice(0, tokens.length - rows + row + 1))), row);
        this.#spoil();
      }
    };
    return {
      get length() {
        return tokens.length;
      },
      forward: async (next, rows = 1) => {
        const all = new Float32Array(rows * this.vocabularySize);
        await forwardEach(next, rows, ({ values }, row) => all.set(values, row * this.vocabularySize));
        return all;
      },
      forwardEach,
      blocksFor: (count) => Math.ceil((tokens.length + count) / 32) - Math.ceil(tokens.length / 32),
      truncate: (length) => void tokens.splice(length),
      fork: () => this.#sequence(tokens),
      dispose: () => {
        if (open) this.openSequences--;
        open = false;
      },
    };
  }
}
