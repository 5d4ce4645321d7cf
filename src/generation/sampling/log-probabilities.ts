import type { Logits } from '../../core/logits.ts';
import { topTokens } from './sampler.ts';

/** A token and how probable the model finds it. */
export interface TokenLogprob {
  id: number;
  /**
   * Natural logarithm of the probability that the model itself gives, before temperature, penalties and bias. Its error
   * is about 1e-6.
   */
  logprob: number;
}

/** A token with its log-probability, and the most probable tokens at its position. */
export interface ScoredToken extends TokenLogprob {
  top: TokenLogprob[];
}

/** A token of a prompt, scored by the tokens before it. */
export interface PromptScore extends ScoredToken {
  /** Its place among all tokens at its position, the most probable one at 1. */
  rank: number;
}

/** log Σ exp(logits): subtracted from a logit, it gives the log-probability. */
export function logSumExp(logits: Logits): number {
  return logits.values[logits.best()] + Math.log(logits.exponentials(1));
}

/**
 * Returns a function that scores any token by these logits, and reports the `top` most probable ones with it. Penalties
 * and bias must not have changed the logits yet.
 * @param values the same logits, in an array that does not change for as long as the function is used
 */
export function scorer(logits: Logits, top: number, values: Float32Array): (id: number) => ScoredToken {
  const norm = logSumExp(logits);
  const scored = (id: number): TokenLogprob => ({ id, logprob: values[id] - norm });
  const alternatives = topTokens(logits, top).map(scored);
  return (id) => ({ ...scored(id), top: alternatives });
}

/** Scores one token by these logits, with the `top` most probable ones. */
export function scoreToken(logits: Logits, id: number, top: number): PromptScore {
  return { ...scorer(logits, top, logits.values)(id), rank: Math.min(logits.vocabularySize, logits.countFrom(logits.values[id])) };
}
