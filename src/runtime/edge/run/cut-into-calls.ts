/** Rows that belong together. */
export interface Run<Owner> {
  readonly owner: Owner;
  readonly rows: number;
}

/** The part of a run that one call computes. */
export interface RunPart<Owner> extends Run<Owner> {
  /** Index of the part's first row in its run. */
  readonly start: number;
  /** Index of the part's first row among the rows of the call. */
  readonly firstRow: number;
}

/** Lays runs end to end and cuts them into calls of `mostRows` rows; the last call may have fewer. */
export function cutIntoCalls<Owner>(runs: readonly Run<Owner>[], mostRows: number): RunPart<Owner>[][] {
  const calls: RunPart<Owner>[][] = [];
  let firstRow = mostRows;
  for (const { owner, rows: all } of runs)
    for (let start = 0; start < all; ) {
      if (firstRow === mostRows) {
        calls.push([]);
        firstRow = 0;
      }
      const rows = Math.min(all - start, mostRows - firstRow);
      calls.at(-1)?.push({ owner, rows, start, firstRow });
      start += rows;
      firstRow += rows;
    }
  return calls;
}
