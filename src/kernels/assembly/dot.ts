/**
 * Sums of neighbouring products, in 16 bits: lane i of the result is a[2i] b[2i] + a[2i + 1] b[2i + 1]. `a` is signed, `b` must stay
 * within 0..127: then the relaxed instruction is exact, and so the same on every machine.
 */
// @ts-ignore: decorator
@inline
export function dot(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(a, b);
  const even = i16x8.mul(i16x8.shr_s(i16x8.shl(a, 8), 8), i16x8.shr_s(i16x8.shl(b, 8), 8));
  const odd = i16x8.mul(i16x8.shr_s(a, 8), i16x8.shr_s(b, 8));
  return i16x8.add(even, odd);
}
