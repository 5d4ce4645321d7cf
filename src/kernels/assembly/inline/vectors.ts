// What WebAssembly has no instruction for: rounding, sums and maxima across the lanes of a vector, dot products of
// bytes, tails of rows.

/** Rounds each float below 2^22 to the nearest integer, halves to even, as an i32. `rounder`: the constant ROUND. */
// @ts-ignore: decorator
@inline
export function round(v: v128, rounder: v128): v128 {
  return i32x4.sub(f32x4.add(v, rounder), rounder);
}

/** The greatest of four floats, in all lanes. */
// @ts-ignore: decorator
@inline
export function maxOfLanes(v: v128): v128 {
  const pairs = f32x4.pmax(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return f32x4.pmax(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2));
}

/** The sum of four floats: lanes l and l + 2, then both sums. */
// @ts-ignore: decorator
@inline
export function sumOfLanes(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The sum of four integers. */
// @ts-ignore: decorator
@inline
export function sumOfIntegers(v: v128): i32 {
  const pairs = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return i32x4.extract_lane(i32x4.add(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** The upper two of four float32, as float64. */
// @ts-ignore: decorator
@inline
export function highPair(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

/** The sum of eight lanes of float64, two in each vector: lanes l and l + 4, then l and l + 2, then l and l + 1. */
// @ts-ignore: decorator
@inline
export function sumOfPairs(a: v128, b: v128, c: v128, d: v128): f64 {
  const pair = f64x2.add(f64x2.add(a, c), f64x2.add(b, d));
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/**
 * Sums of neighbouring products of bytes, as i16: lane i of the result is a[2i] b[2i] + a[2i + 1] b[2i + 1]. `a` is
 * signed, and `b` must stay within 0..127: then the relaxed instruction is exact, and therefore gives the same result
 * on every machine.
 */
// @ts-ignore: decorator
@inline
export function dot(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(a, b);
  const even = i16x8.mul(i16x8.shr_s(i16x8.shl(a, 8), 8), i16x8.shr_s(i16x8.shl(b, 8), 8));
  const odd = i16x8.mul(i16x8.shr_s(a, 8), i16x8.shr_s(b, 8));
  return i16x8.add(even, odd);
}

/**
 * Adds to each lane of `sum`, as i32, the four products of bytes in its place. `a` and `b` are as in `dot`, for the same
 * reason. The builds without relaxed SIMD do not use it.
 */
// @ts-ignore: decorator
@inline
export function dotAdd(a: v128, b: v128, sum: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, sum);
}

/**
 * Stores the first `count` (1 to 3) lanes. Reading the whole vector is allowed, because rows begin at multiples of 16
 * bytes.
 */
export function storeTail(address: usize, v: v128, count: i32): void {
  store<f32>(address, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(address, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(address, f32x4.extract_lane(v, 2), 8);
}
