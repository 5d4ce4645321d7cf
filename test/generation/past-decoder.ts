import type { Decoder, Sequence } from '../../src/core/decoder.ts';
import { GptEdgeError } from '../../src/core/errors.ts';

/** A turn of the decoder's. */
export const MULTIPLY_ADDS_PER_TURN = 125e6;

/**
 * A decoder without weights, for the generation loop: the logits after some tokens are pseudo-random numbers that depend
 * on every token before. A sequence and its forks hand out one buffer, overwritten by each call, so that nothing may keep it.
 */
export class PastDecoder implements Decoder {
  readonly engine = 'past';
  readonly vocabularySize: number;
  readonly contextWindow: number;
  readonly multiplyAddsPerTurn = MULTIPLY_ADDS_PER_TURN;
  /** Sequences that were made and not disposed. */
  openSequences = 0;
  /** Tokens of each forward call so far. */
  readonly calls: number[][] = [];

  constructor(vocabularySize: number, contextWindow: number) {
    this.vocabularySize = vocabularySize;
    this.contextWindow = contextWindow;
  }

  createSequence(): Sequence {
    return this.#sequence([], new Float32Array(this.vocabularySize * this.contextWindow));
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

  #sequence(past: readonly number[], buffer: Float32Array): Sequence {
    const tokens = [...past];
    let open = true;
    this.openSequences++;
    return {
      get length() {
        return tokens.length;
      },
      forward: async (next, rows = 1) => {
        if (!open) throw new Error('the sequence is disposed');
        if (tokens.length + next.length > this.contextWindow) throw new GptEdgeError('context_length_exceeded', 'does not fit');
        this.calls.push([...next]);
        tokens.push(...next);
        for (let row = 0; row < rows; row++)
          buffer.set(this.logitsAfter(tokens.slice(0, tokens.length - rows + row + 1)), row * this.vocabularySize);
        return buffer.subarray(0, rows * this.vocabularySize);
      },
      fork: () => this.#sequence(tokens, buffer),
      dispose: () => {
        if (open) this.openSequences--;
        open = false;
      },
    };
  }
}
