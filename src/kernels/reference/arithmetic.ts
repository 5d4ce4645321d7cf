import { ROUND, SMALLEST_SCALE, SMALLEST_STEP } from '../coefficients.ts';

// Float32 arithmetic with one rounding after each operation. (A product or sum of two float32 numbers gives the same
// float32 whether it is rounded once, or to float64 first; so do quotients and square roots.)

/** Rounds to float32. */
export const f = Math.fround;
export const add = (a: number, b: number) => f(a + b);
export const multiply = (a: number, b: number) => f(a * b);

/** The nearest float32 integer, halves to even, for |x| < 2^22. */
export const rounded = (x: number) => f(f(x + ROUND) - ROUND);

/** a x + b, rounded twice. */
export const multiplyAdd = (a: number, x: number, b: number) => f(f(f(a) * x) + f(b));

/** The sum of four lanes in the order in which the kernels add them. */
export const sumOfLanes = (lane: ArrayLike<number>) => f(f(lane[0] + lane[2]) + f(lane[1] + lane[3]));

/** The nearest integer, halves to even. */
export function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * A float32 scale for integers of at most `limit`, and its inverse, which turns values into these integers.
 * @param largest the largest magnitude among the values
 */
export function scaleFor(largest: number, limit: number): { scale: number; inverse: number } {
  if (!(largest > SMALLEST_SCALE)) return { scale: 0, inverse: 0 };
  return { scale: Math.fround(largest / limit), inverse: Math.fround(limit / largest) };
}

/** Signed and symmetric codes of `bits` bits, and the step between two codes. */
export function quantize(values: Float32Array, bits: number): { codes: number[]; step: number } {
  const step = f(Math.max(...values.map(Math.abs)) / (2 ** (bits - 1) - 1));
  const inverse = step > f(SMALLEST_STEP) ? f(1 / step) : 0;
  return { codes: Array.from(values, (x) => rounded(multiply(x, inverse))), step };
}

/** `value` times `inverse`, rounded to the nearest integer. */
export function toInteger(value: number, inverse: number): number {
  return roundToEven(Math.fround(value * inverse));
}

/** The sum of products of two lists of integers. It must fit 32 bits. */
export function integerDot(length: number, a: (index: number) => number, b: (index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < length; index++) sum = (sum + Math.imul(a(index), b(index))) | 0;
  return sum;
}
