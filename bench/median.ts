import type { Elapsed } from './stopwatch.ts';

/** The middle value: on a shared machine the mean is the neighbours'. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function medianElapsed(values: readonly Elapsed[]): Elapsed {
  return { wall: median(values.map(({ wall }) => wall)), cpu: median(values.map(({ cpu }) => cpu)) };
}
