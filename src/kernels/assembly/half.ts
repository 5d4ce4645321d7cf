/**
 * float16 to float32, exactly, subnormals too: shifted right by 3, exponent and mantissa stand where float32 has them, and the sign is
 * smeared over the bits above, where the mask leaves one. That is the number times 2^-112. Infinity and NaN do not stay what they are.
 *
 * The 16 halves of one input lie in two vectors. A vector's words hold outputs 0..3 in their low halves and 4..7 in their high ones, so
 * that neither needs a shuffle.
 */
// @ts-ignore: decorator
@inline
export function highHalves(words: v128, bits: v128, scale: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shr_s(words, 3), bits), scale);
}

// @ts-ignore: decorator
@inline
export function lowHalves(words: v128, bits: v128, scale: v128): v128 {
  return highHalves(i32x4.shl(words, 16), bits, scale);
}
