/** A probability, with as many digits as a reader takes in at a glance: 97%, 3.4%, 0.02%, < 0.01%. */
export function percent(probability: number): string {
  const value = probability * 100;
  if (value > 99.9 && value < 100) return '> 99.9%';
  if (value < 0.01) return '< 0.01%';
  return `${value >= 9.95 ? value.toFixed(0) : value >= 0.095 ? value.toFixed(1) : value.toFixed(2)}%`;
}

/** Bytes in tenths of a megabyte. An upper bound is to be rounded up. */
export const megabytes = (bytes: number, round = Math.round): string => `${(round(bytes / 1e5) / 10).toFixed(1)} MB`;

/** A count of parameters, in words: 28 thousand, 5.9 million, 1.1 billion. */
export function millions(count: number): string {
  if (count < 1e6) return `${(count / 1e3).toFixed(0)} thousand`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} million` : `${(count / 1e9).toFixed(1)} billion`;
}

/** The length of the bar behind something of this probability. */
export const shareOf = (probability: number) => ({ '--share': `${(probability * 100).toFixed(2)}%` });
