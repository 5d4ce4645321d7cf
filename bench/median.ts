/** The middle value: on a shared machine the mean is the neighbours'. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Medians of every number in figures of one shape, key by key. A key counts among those that have it. */
export function medianFigures<Figures extends object>(runs: readonly Figures[]): Figures {
  const keys = [...new Set(runs.flatMap((figures) => Object.keys(figures)))] as (keyof Figures)[];
  return Object.fromEntries(
    keys.map((key) => {
      const values = runs.map((figures) => figures[key]).filter((value) => value !== undefined);
      if (values.every((value) => typeof value === 'number')) return [key, median(values)];
      return [key, medianFigures(values as object[])];
    }),
  ) as Figures;
}
