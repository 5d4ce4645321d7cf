/**
 * float16 to float32: a high half shifted right by 3, or a low one left by 13, with their sign smeared over the bits above, have exponent
 * and mantissa where float32 has them; the mask `bits` leaves one bit of sign. That is 2^-112 times the number, exactly, subnormals too.
 * Infinity and NaN do not stay what they are. `shift` makes one multiplication of a low half's three shifts.
 *
 * The 16 halves of one input lie in two vectors. A vector's words hold outputs 0..3 in their low halves and 4..7 in their high ones, so
 * that neither needs a shuffle.
 */
// @ts-ignore: decorator
@inline
export function smallHighHalves(words: v128, bits: v128): v128 {
  return v128.and(i32x4.shr_s(words, 3), bits);
}

// @ts-ignore: decorator
@inline
export function smallLowHalves(words: v128, bits: v128, shift: v128): v128 {
  return v128.and(i32x4.dot_i16x8_s(words, shift), bits);
}

/** Times 2^112 (`scale`): the numbers themselves. */
// @ts-ignore: decorator
@inline
export function highHalves(words: v128, bits: v128, scale: v128): v128 {
  return f32x4.mul(smallHighHalves(words, bits), scale);
}

// @ts-ignore: decorator
@inline
export function lowHalves(words: v128, bits: v128, shift: v128, scale: v128): v128 {
  return f32x4.mul(smallLowHalves(words, bits, shift), scale);
}

/** Where output `output`'s float16 lies among its input's 16. */
// @ts-ignore: decorator
@inline
export function halfPlace(output: usize): usize {
  return ((output & 8) << 1) + ((output & 3) << 2) + ((output & 4) >> 1);
}
