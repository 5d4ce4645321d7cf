import { NO_CUT } from './cut.ts';
import type { VocabularyMath } from './logits.ts';

/** What is added up along the ranking of tokens: how many they are, or what they weigh. */
export interface Measure {
  /** Of all tokens that have at least this logit. */
  from(logit: number): number;
  /** Of one token. */
  of(id: number): number;
  /** About the least that a token of at least this logit has. */
  least(logit: number): number;
  /** A step in logits to begin with. */
  readonly step: number;
  /** Tokens of lower logits do not count. */
  readonly lowest: number;
}

export const countOfTokens = (math: VocabularyMath): Measure => ({
  from: (logit) => math.countFrom(logit),
  of: () => 1,
  least: () => 1,
  step: 1,
  lowest: Number.NEGATIVE_INFINITY,
});

/** Of the weights that `exponentials` made with this temperature, and `keepTo` kept as far as `cut`. */
export function weightOfTokens(math: VocabularyMath, temperature: number, cut = NO_CUT): Measure {
  const greatest = math.logits[math.best()];
  return {
    from: (logit) => math.sumFrom(logit),
    of: (id) => math.weights[id],
    least: (logit) => Math.exp((logit - greatest) / temperature),
    step: temperature,
    lowest: cut.logit,
  };
}
