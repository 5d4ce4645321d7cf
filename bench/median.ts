/** The middle value, or NaN of an empty list. A mean would depend on what other programs do on a shared machine. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median of each figure over several runs, key by key. Runs that lack a key do not count for it. Of names, the first
 * is taken.
 */
export function medianFigures<Figures extends object>(runs: readonly Figures[]): Figures {
  const keys = [...new Set(runs.flatMap((figures) => Object.keys(figures)))] as (keyof Figures)[];
  return Object.fromEntries(
    keys.map((key) => {
      const values = runs.map((figures) => figures[key]).filter((value) => value !== undefined);
      if (values.every((value) => typeof value === 'number')) return [key, median(values)];
      if (typeof values[0] === 'string') return [key, values[0]];
      return [key, medianFigures(values as object[])];
    }),
  ) as Figures;
}
