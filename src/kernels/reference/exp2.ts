import { E1, E2, E3, E4, E5, ROUND } from '../coefficients.ts';
import { add, f, multiply, multiplyAdd } from './float32.ts';

/** 2^(x - bound) for an integer `bound` >= x, exactly 0 from x <= bound - 127 on; by Estrin's scheme. */
export function exp2(x: number, bound: number): number {
  const clamped = Math.max(x, bound - 127);
  const whole = f(f(clamped + (ROUND - bound)) - (ROUND - bound));
  const r = f(clamped - whole);
  const square = multiply(r, r);
  const upper = add(multiply(multiplyAdd(E5, r, E4), square), multiplyAdd(E3, r, E2));
  const p = add(multiply(upper, square), multiplyAdd(E1, r, 1));
  return whole - bound === -127 ? 0 : f(p * 2 ** (whole - bound));
}
