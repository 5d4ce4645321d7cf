import { ROUND } from '../math-constants';

/** The nearest integers, halves to even, of floats below 2^22. */
// @ts-ignore: decorator
@inline
export function rounded(v: v128): v128 {
  const round = v128.load(ROUND);
  return i32x4.sub(f32x4.add(v, round), round);
}
