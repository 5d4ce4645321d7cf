/** Tokens of the default model, `step` apart. */
export function ids(count: number, step = 7): number[] {
  return Array.from({ length: count }, (_, index) => 1 + ((index * step) % 4000));
}
