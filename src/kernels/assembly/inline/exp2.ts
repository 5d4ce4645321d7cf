import { E1, E2, E3, E4, E5, ONE } from './constants';

/**
 * 2^(x - bound) for an integer `bound` >= x, with a relative error of 2.5e-7; exactly 0 if x <= bound - 127.
 * @param lowest bound - 127
 * @param round ROUND - bound: adding it rounds x and subtracts the bound at once
 */
// @ts-ignore: decorator
@inline
export function exp2(v: v128, lowest: v128, round: v128): v128 {
  const x = f32x4.pmax(v, lowest);
  const whole = f32x4.add(x, round);
  const r = f32x4.sub(x, f32x4.sub(whole, round));
  const square = f32x4.mul(r, r);
  const high = f32x4.add(f32x4.mul(v128.load(E5), r), v128.load(E4));
  const middle = f32x4.add(f32x4.mul(v128.load(E3), r), v128.load(E2));
  const low = f32x4.add(f32x4.mul(v128.load(E1), r), v128.load(ONE));
  const p = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(high, square), middle), square), low);
  return f32x4.mul(p, i32x4.add(i32x4.shl(whole, 23), v128.load(ONE)));
}
