// Conversion of float16 to float32, two times four numbers at a time.
//
// The 16 halves of one input lie in two vectors. A vector's words hold outputs 0..3 in their low halves and 4..7 in
// their high ones, so that neither needs a shuffle.
//
// 1. Shift a high half right by 3, or a low half left by 13, with the sign repeated over the bits above: exponent and
//    mantissa are then where float32 has them. For low halves, one multiplication by `shift` (HALF_SHIFT) takes the
//    place of three shifts.
// 2. Mask with `bits` (HALF_BITS), which leaves one bit of sign. This is the number times 2^-112, exactly, subnormal
//    numbers included.
// 3. Multiply by `scale` (HALF_SCALE), 2^112, unless the caller does that elsewhere.
//
// Precondition: the halves are finite.

/** Steps 1 and 2 for high halves. */
// @ts-ignore: decorator
@inline
export function smallHighHalves(words: v128, bits: v128): v128 {
  return v128.and(i32x4.shr_s(words, 3), bits);
}

/** Steps 1 and 2 for low halves. */
// @ts-ignore: decorator
@inline
export function smallLowHalves(words: v128, bits: v128, shift: v128): v128 {
  return v128.and(i32x4.dot_i16x8_s(words, shift), bits);
}

/** High halves as float32. */
// @ts-ignore: decorator
@inline
export function highHalves(words: v128, bits: v128, scale: v128): v128 {
  return f32x4.mul(smallHighHalves(words, bits), scale);
}

/** Low halves as float32. */
// @ts-ignore: decorator
@inline
export function lowHalves(words: v128, bits: v128, shift: v128, scale: v128): v128 {
  return f32x4.mul(smallLowHalves(words, bits, shift), scale);
}

/** The offset in bytes of an output's float16 among the 16 of its input. */
// @ts-ignore: decorator
@inline
export function halfPlace(output: usize): usize {
  return ((output & 8) << 1) + ((output & 3) << 2) + ((output & 4) >> 1);
}
