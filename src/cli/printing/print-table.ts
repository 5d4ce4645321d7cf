/** Prints rows under their headings. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  printColumns([headings, ...rows]);
}

/**
 * Prints rows in columns that are as wide as their longest cell. The first row has as many cells as there are
 * columns.
 */
export function printColumns(rows: readonly (readonly string[])[]): void {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]));
    console.log(cells.join('  ').trimEnd());
  }
}
