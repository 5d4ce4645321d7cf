import { topTokens } from './top-tokens.ts';

export interface TokenLogprob {
  id: number;
  /** Natural logarithm of the probability that the model itself gives, before temperature, penalties and bias. */
  logprob: number;
}

/** log Σ exp(logits): what turns a logit into a log-probability when subtracted. */
export function logSumExp(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > max) max = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - max);
  return max + Math.log(sum);
}

/** One token with its log-probability, and the `top` most probable ones beside it. */
export interface ScoredToken extends TokenLogprob {
  top: TokenLogprob[];
}

export function scoreToken(logits: Float32Array, id: number, top: number): ScoredToken {
  const norm = logSumExp(logits);
  const scored = (token: number): TokenLogprob => ({ id: token, logprob: logits[token] - norm });
  return { ...scored(id), top: topTokens(logits, top).map(scored) };
}
