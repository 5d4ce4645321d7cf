import type { VocabularyMath } from './logits.ts';
import { topTokens } from './top-tokens.ts';

export interface TokenLogprob {
  id: number;
  /** Natural logarithm of the probability that the model itself gives, before temperature, penalties and bias; to about 1e-6. */
  logprob: number;
}

/** log Σ exp(logits) of those that `math` holds: what turns a logit into a log-probability when subtracted. */
export function logSumExp(math: VocabularyMath): number {
  return math.logits[math.best()] + Math.log(math.exponentials(1));
}

/** One token with its log-probability, and the `top` most probable ones beside it. */
export interface ScoredToken extends TokenLogprob {
  top: TokenLogprob[];
}

/** @param logits [vocabularySize], which `math` holds afterwards */
export function scoreToken(math: VocabularyMath, logits: Float32Array, id: number, top: number): ScoredToken {
  math.load(logits);
  const norm = logSumExp(math);
  const scored = (token: number): TokenLogprob => ({ id: token, logprob: logits[token] - norm });
  return { ...scored(id), top: topTokens(math, top).map(scored) };
}
