/** The nearest integer; of two, the even one. */
export function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Below, float32 scales count as zero: their reciprocals would overflow. */
const SMALLEST_SCALE = 2 ** -100;

/** A float32 scale for integers of at most `limit`, and the factor that makes integers of the values; `largest`: the values' largest magnitude. */
export function scaleFor(largest: number, limit: number): { scale: number; inverse: number } {
  if (!(largest > SMALLEST_SCALE)) return { scale: 0, inverse: 0 };
  return { scale: Math.fround(largest / limit), inverse: Math.fround(limit / largest) };
}

/** Value times factor as the nearest integer. */
export function toInteger(value: number, inverse: number): number {
  return roundToEven(Math.fround(value * inverse));
}

/** The sum of products of two lists of integers, which fits 32 bits. */
export function integerDot(length: number, a: (index: number) => number, b: (index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < length; index++) sum = (sum + Math.imul(a(index), b(index))) | 0;
  return sum;
}
