/** Tokens of fewer than one in 2^7 are all shown as the most surprising. */
const MAX_BITS = 7;

/** How strongly a token is coloured, 0 to 1: its information in bits, so that 1/2, 1/4, 1/8 are equal steps. */
export function surprise(logprob: number | null): number {
  if (logprob === null) return 0;
  return Math.min(1, Math.max(0, -logprob / Math.LN2 / MAX_BITS));
}

/** A probability in words that a reader takes in at once: 97 %, 3.4 %, 0.02 %, < 0.01 %. */
export function percent(probability: number): string {
  const value = probability * 100;
  if (value > 99.9 && value < 100) return '> 99.9 %';
  if (value < 0.01) return '< 0.01 %';
  return `${value >= 9.95 ? value.toFixed(0) : value >= 0.095 ? value.toFixed(1) : value.toFixed(2)} %`;
}
