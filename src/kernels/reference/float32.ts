import { ROUND } from '../coefficients.ts';

// Float32 arithmetic, one rounding after each operation. (A product or sum of float32 numbers that is rounded to float64 first and then
// to float32 is the same as one rounded once; so are quotients and square roots.)
export const f = Math.fround;
export const add = (a: number, b: number) => f(a + b);
export const multiply = (a: number, b: number) => f(a * b);

/** To the nearest integer, halves to even, for |x| < 2^22. */
export const rounded = (x: number) => f(f(x + ROUND) - ROUND);

/** a x + b, rounded twice. */
export const multiplyAdd = (a: number, x: number, b: number) => f(f(f(a) * x) + f(b));

/** Four lanes, added as the kernels do. */
export const sumOfLanes = (lane: ArrayLike<number>) => f(f(lane[0] + lane[2]) + f(lane[1] + lane[3]));
