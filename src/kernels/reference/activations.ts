import * as c from '../coefficients.ts';
import { add, f, multiply, multiplyAdd, rounded } from './arithmetic.ts';

/** The polynomial ... + coefficients[1] x + coefficients[0], by Horner's scheme. */
const horner = (x: number, coefficients: readonly number[]) => coefficients.reduceRight((sum, next) => multiplyAdd(sum, x, next));

/** e^x as 2^n e^r with |r| <= ln(2) / 2; exactly 0 below -87.7. */
export function exp(x: number): number {
  const clamped = Math.max(Math.min(x, c.EXP_HIGHEST), c.EXP_LOWEST);
  const n = rounded(multiply(clamped, f(c.LOG2E)));
  const r = f(f(clamped - multiply(n, f(c.LN2_HIGH))) - multiply(n, f(c.LN2_LOW)));
  const square = multiply(r, r);
  const p = multiplyAdd(horner(r, [c.N4, c.N5, c.N6]), square, horner(r, [c.N2, c.N3]));
  return n === -127 ? 0 : f(add(add(multiply(p, square), r), 1) * 2 ** n);
}

export const sigmoid = (x: number) => f(1 / add(1, exp(-x)));

export const silu = (x: number) => f(x / add(1, exp(-x)));

export const relu = (x: number) => Math.max(x, 0);

/** tanh x: a polynomial near 0, otherwise by e^x. */
export function tanh(x: number): number {
  const a = Math.abs(x);
  const large = f(1 - f(2 / add(exp(f(2 * a)), 1)));
  const square = multiply(x, x);
  const small = add(multiply(multiply(horner(square, [c.T0, c.T1, c.T2, c.T3]), square), a), a);
  const magnitude = a < c.TANH_SMALL ? small : large;
  return x < 0 || Object.is(x, -0) ? -magnitude : magnitude;
}

/** GELU by the error function: max(x, 0) - |x| Q(|x|), where Q is the upper tail of the normal distribution. */
export function gelu(x: number): number {
  const a = Math.abs(x);
  const t = f(1 / multiplyAdd(c.Q_P, a, 1));
  const p = multiply(horner(t, [c.Q1, c.Q2, c.Q3, c.Q4, c.Q5, c.Q6, c.Q7, c.Q8]), t);
  const tail = multiply(p, exp(-multiply(multiply(x, x), 0.5)));
  return f(Math.max(x, 0) - multiply(a, tail));
}

/** GELU by tanh, as x sigmoid(u); see GELU_LINEAR in coefficients.ts. */
export function geluTanh(x: number): number {
  const inner = add(multiply(multiply(f(c.GELU_CUBIC), multiply(x, x)), x), x);
  return f(x / add(1, exp(-multiply(inner, f(c.GELU_LINEAR)))));
}

/** 2^(x - bound) for an integer `bound` >= x, by Estrin's scheme; exactly 0 if x <= bound - 127. */
export function exp2(x: number, bound: number): number {
  const clamped = Math.max(x, bound - 127);
  const whole = f(f(clamped + (c.ROUND - bound)) - (c.ROUND - bound));
  const r = f(clamped - whole);
  const square = multiply(r, r);
  const upper = add(multiply(multiplyAdd(c.E5, r, c.E4), square), multiplyAdd(c.E3, r, c.E2));
  const p = add(multiply(upper, square), multiplyAdd(c.E1, r, 1));
  return whole - bound === -127 ? 0 : f(p * 2 ** (whole - bound));
}
