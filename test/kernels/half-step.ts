/**
 * How far a value may be from its code times the scale, where the largest value has the code `limit`: half a step, and
 * the error of float32. A scale that is too small for a reciprocal counts as zero; then the whole value is the error.
 */
export function halfStep(values: readonly number[], limit: number): number {
  const largest = Math.max(...values.map(Math.abs));
  return largest > 2 ** -100 ? (largest / limit) * (0.5 + limit * 2 ** -22) : largest;
}
