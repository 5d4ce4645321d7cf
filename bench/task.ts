import type { Manifest } from '../src/core/folder/manifest.ts';

/** The work that is timed, the same for every contender. */
export interface Task {
  /**
   * Token ids that fill the context window. The work does not depend on which they are, but EOS tokens are left out.
   */
  readonly tokens: readonly number[];
  /** The length of the past before the timed steps: a short one. */
  readonly short: number;
  /** The same, a long one: nearly as many tokens as fit the context window. */
  readonly long: number;
  /** Tokens of the prompt whose prefill is timed. */
  readonly prefill: number;
  /** How many decode steps are timed in a row. */
  readonly steps: number;
}

const STEPS = 24;

/** The task for a model: shorter than usual if its context window is small. */
export function makeTask({
  contextWindow,
  vocabularySize,
  eosTokenIds,
}: Pick<Manifest, 'contextWindow' | 'vocabularySize' | 'eosTokenIds'>): Task {
  const steps = Math.min(STEPS, contextWindow >> 2);
  const ids = Array.from({ length: 2 * contextWindow }, (_, index) => (index * 7919 + 13) % vocabularySize);
  return {
    tokens: ids.filter((id) => !eosTokenIds.includes(id)).slice(0, contextWindow),
    short: Math.min(50, contextWindow >> 2),
    long: Math.min(1000, contextWindow - steps),
    prefill: Math.min(256, contextWindow - 1),
    steps,
  };
}
