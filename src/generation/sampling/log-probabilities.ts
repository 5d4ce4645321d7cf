import type { Logits } from '../../core/logits.ts';
import { topTokens } from './sampler.ts';

/** A token and how probable the model finds it. */
export interface TokenLogprob {
  id: number;
  /**
   * Natural logarithm of the probability that the model itself gives, before temperature, penalties and bias; to
   * about 1e-6.
   */
  logprob: number;
}

/** A token with its log-probability, and the most probable tokens beside it. */
export interface ScoredToken extends TokenLogprob {
  top: TokenLogprob[];
}

/** log Σ exp(logits): subtracted from a logit, it gives the log-probability. */
export function logSumExp(logits: Logits): number {
  return logits.values[logits.best()] + Math.log(logits.exponentials(1));
}

/**
 * Scores tokens by these logits, which must not have been changed yet: the result scores any token, with the `top`
 * most probable ones.
 * @param values the same logits, where they stay as they are for as long as the result is used
 */
export function scorer(logits: Logits, top: number, values: Float32Array): (id: number) => ScoredToken {
  const norm = logSumExp(logits);
  const scored = (id: number): TokenLogprob => ({ id, logprob: values[id] - norm });
  const alternatives = topTokens(logits, top).map(scored);
  return (id) => ({ ...scored(id), top: alternatives });
}

/** Scores one token by these logits, with the `top` most probable ones. */
export function scoreToken(logits: Logits, id: number, top: number): ScoredToken {
  return scorer(logits, top, logits.values)(id);
}
