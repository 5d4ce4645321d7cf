import type { Manifest } from '../src/core/folder/manifest.ts';

/** What is timed, the same for every contender. */
export interface Task {
  /** Ids, as many as the context window holds. The work does not depend on which they are; EOS tokens are left out. */
  readonly tokens: readonly number[];
  /** Tokens that steps are measured behind: few, and nearly as many as fit. */
  readonly short: number;
  readonly long: number;
  /** Tokens of the prompt that is fed at once. */
  readonly prefill: number;
  /** Single steps in a row. */
  readonly steps: number;
}

const STEPS = 24;

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
