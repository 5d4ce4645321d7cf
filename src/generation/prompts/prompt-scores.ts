import type { PromptScore } from '../sampling/log-probabilities.ts';
import { commonLength } from './shared-beginnings.ts';

/**
 * Log-probabilities that are remembered, the alternatives counted one by one. Each takes some 40 bytes. With one
 * alternative, that is the default model's whole window 32 times.
 */
const MAX_NUMBERS = 2 ** 15;

/** The scores of a prompt's tokens, as far as they are known, from the first on, which has none. */
export type Scores = (PromptScore | null)[];

const OF_MODELS = new WeakMap<object, PromptScores>();

interface Remembered {
  readonly tokens: readonly number[];
  /** Grows while the prompt is being computed. */
  readonly scores: Scores;
  readonly partition: string;
  /** How many alternatives each score has. */
  readonly alternatives: number;
}

/**
 * Remembers the scores of prompts that were asked for lately. Whoever compares a hundred answers to one question scores
 * the question a hundred times; with this, it is computed once. The keys and values of its tokens may still be in the
 * KV cache, but logits are not kept there.
 */
export class PromptScores {
  /** The one that was used last comes first. */
  #remembered: Remembered[] = [];

  /**
   * The scores of the longest beginning of `tokens` that are known. The array is the caller's to complete, and is
   * remembered while it grows.
   * @param partition only what was asked for in the same one is found
   * @param alternatives how many each score has
   */
  begin(tokens: readonly number[], partition: string, alternatives: number): Scores {
    let best: Remembered | undefined;
    let length = 0;
    for (const other of this.#remembered) {
      if (other.partition !== partition || other.alternatives !== alternatives) continue;
      const shared = Math.min(other.scores.length, commonLength(other.tokens, tokens));
      if (shared > length) [best, length] = [other, shared];
    }
    const scores: Scores = best ? best.scores.slice(0, length) : [null];
    this.#keep([
      { tokens, scores, partition, alternatives },
      ...(best ? [best] : []),
      ...this.#remembered.filter((other) => other !== best),
    ]);
    return scores;
  }

  /** Those of a model. Each has its own, and so has a model that differs from another by what is added to its weights. */
  static of(model: object): PromptScores {
    const known = OF_MODELS.get(model) ?? new PromptScores();
    OF_MODELS.set(model, known);
    return known;
  }

  #keep(remembered: readonly Remembered[]): void {
    let numbers = 0;
    this.#remembered = remembered.filter(({ tokens, alternatives }) => {
      numbers += tokens.length * (1 + alternatives);
      return numbers <= MAX_NUMBERS;
    });
  }
}
