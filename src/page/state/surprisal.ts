/** Tokens of at least this surprisal, with a probability below 1 in 2^7, all get the strongest tint. */
const MAX_BITS = 7;

/** −log2 of the probability that a token had, in bits. */
export const surprisal = (logprob: number): number => -logprob / Math.LN2;

/**
 * How strongly a token is tinted, from 0 to 1. The tint is linear in surprisal, so that probabilities of 1/2, 1/4 and
 * 1/8 are equal steps. A token without a probability has no tint.
 */
export const tint = (logprob: number | null): number => (logprob === null ? 0 : Math.min(1, Math.max(0, surprisal(logprob) / MAX_BITS)));
