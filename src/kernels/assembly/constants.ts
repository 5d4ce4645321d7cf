import { initializeMath } from './math-constants';

// A v128 literal inside a loop is rebuilt with three instructions each time round; one loaded from memory before the loop stays in a
// register. So the constants that loops need lie in memory, filled by initialize() at the addresses below.

/** Where the constants begin. The host's own memory plan begins behind them, at FIRST_FREE_BYTE. */
export const CONSTANTS: usize = 1024;
export const ONES_I16: usize = CONSTANTS;
/** 15 in each byte. */
export const NIBBLES: usize = CONSTANTS + 16;
/** The lower half of each word. */
export const LOW_HALVES: usize = CONSTANTS + 32;
/** 1.5 * 2^23, float32: added to what is below 2^22, it leaves the nearest integer (of two, the even one) in the low bits. */
export const ROUNDER: usize = CONSTANTS + 48;
/** Where sign, exponent and mantissa of a float16 lie in a float32: see inline/half.ts. */
export const HALF_BITS: usize = CONSTANTS + 64;
/** 2^112, float32: what they are too small by. */
export const HALF_SCALE: usize = CONSTANTS + 80;
/** 8192 and 0 in halves of words: in dot_i16x8_s, the low halves shifted left by 13, with their sign. */
export const HALF_SHIFT: usize = CONSTANTS + 96;
/** 128 in each byte. */
export const CODE_BIAS: usize = CONSTANTS + 112;

/** 128 bytes for the last block of a row that is no whole block, padded with zeros. */
export const LAST_BLOCK: usize = 3968;

export function initialize(): void {
  initializeMath();
  v128.store(ONES_I16, i16x8.splat(1));
  v128.store(NIBBLES, i8x16.splat(15));
  v128.store(LOW_HALVES, i32x4.splat(0xffff));
  v128.store(ROUNDER, f32x4.splat(12582912));
  v128.store(HALF_BITS, i32x4.splat(0x8fffe000));
  v128.store(HALF_SCALE, f32x4.splat(reinterpret<f32>((127 + 112) << 23)));
  v128.store(HALF_SHIFT, i32x4.splat(8192));
  v128.store(CODE_BIAS, i8x16.splat(-128));
}
