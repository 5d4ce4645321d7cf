/**
 * How far a value may be from its integer multiple of `largest` / `limit`: half a step and what float32 adds; all of it where the scale is
 * too small for a reciprocal and counts as zero.
 */
export function halfStep(values: readonly number[], limit: number): number {
  const largest = Math.max(...values.map(Math.abs));
  return largest > 2 ** -100 ? (largest / limit) * (0.5 + limit * 2 ** -22) : largest;
}
