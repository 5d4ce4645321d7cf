import * as c from '../../coefficients';

// Constants that loops need, as vectors in memory. A v128 literal inside a loop is rebuilt with three instructions each
// time round; a vector that was loaded before the loop stays in a register. Each name is an address. The compiler
// chooses the addresses and writes the values into a data segment, which build.ts places below FIRST_FREE_BYTE.

/** Added to a float below 2^22, it leaves the nearest integer in the low bits. */
export const ROUND: usize = memory.data<v128>([f32x4.splat(<f32>c.ROUND)]);
export const HALF: usize = memory.data<v128>([f32x4.splat(0.5)]);
export const ONE: usize = memory.data<v128>([f32x4.splat(1)]);
export const SMALLEST_SCALES: usize = memory.data<v128>([f32x4.splat(<f32>c.SMALLEST_SCALE)]);

// 2^x
export const LOG2E: usize = memory.data<v128>([f32x4.splat(<f32>c.LOG2E)]);
export const E1: usize = memory.data<v128>([f32x4.splat(<f32>c.E1)]);
export const E2: usize = memory.data<v128>([f32x4.splat(<f32>c.E2)]);
export const E3: usize = memory.data<v128>([f32x4.splat(<f32>c.E3)]);
export const E4: usize = memory.data<v128>([f32x4.splat(<f32>c.E4)]);
export const E5: usize = memory.data<v128>([f32x4.splat(<f32>c.E5)]);

// e^x
export const EXP_LOWEST: usize = memory.data<v128>([f32x4.splat(<f32>c.EXP_LOWEST)]);
export const EXP_HIGHEST: usize = memory.data<v128>([f32x4.splat(<f32>c.EXP_HIGHEST)]);
export const LN2_HIGH: usize = memory.data<v128>([f32x4.splat(<f32>c.LN2_HIGH)]);
export const LN2_LOW: usize = memory.data<v128>([f32x4.splat(<f32>c.LN2_LOW)]);
export const N2: usize = memory.data<v128>([f32x4.splat(<f32>c.N2)]);
export const N3: usize = memory.data<v128>([f32x4.splat(<f32>c.N3)]);
export const N4: usize = memory.data<v128>([f32x4.splat(<f32>c.N4)]);
export const N5: usize = memory.data<v128>([f32x4.splat(<f32>c.N5)]);
export const N6: usize = memory.data<v128>([f32x4.splat(<f32>c.N6)]);

// tanh
export const TANH_SMALL: usize = memory.data<v128>([f32x4.splat(<f32>c.TANH_SMALL)]);
export const T0: usize = memory.data<v128>([f32x4.splat(<f32>c.T0)]);
export const T1: usize = memory.data<v128>([f32x4.splat(<f32>c.T1)]);
export const T2: usize = memory.data<v128>([f32x4.splat(<f32>c.T2)]);
export const T3: usize = memory.data<v128>([f32x4.splat(<f32>c.T3)]);

// GELU
export const Q_P: usize = memory.data<v128>([f32x4.splat(<f32>c.Q_P)]);
export const Q1: usize = memory.data<v128>([f32x4.splat(<f32>c.Q1)]);
export const Q2: usize = memory.data<v128>([f32x4.splat(<f32>c.Q2)]);
export const Q3: usize = memory.data<v128>([f32x4.splat(<f32>c.Q3)]);
export const Q4: usize = memory.data<v128>([f32x4.splat(<f32>c.Q4)]);
export const Q5: usize = memory.data<v128>([f32x4.splat(<f32>c.Q5)]);
export const Q6: usize = memory.data<v128>([f32x4.splat(<f32>c.Q6)]);
export const Q7: usize = memory.data<v128>([f32x4.splat(<f32>c.Q7)]);
export const Q8: usize = memory.data<v128>([f32x4.splat(<f32>c.Q8)]);
export const GELU_LINEAR: usize = memory.data<v128>([f32x4.splat(<f32>c.GELU_LINEAR)]);
export const GELU_CUBIC: usize = memory.data<v128>([f32x4.splat(<f32>c.GELU_CUBIC)]);

// The bits of a float32
export const SIGN: usize = memory.data<v128>([i32x4.splat(0x80000000)]);
export const EXPONENT: usize = memory.data<v128>([i32x4.splat(0x7f800000)]);
/** 14 in the place of the exponent. */
export const EXPONENT_14: usize = memory.data<v128>([i32x4.splat(14 << 23)]);
/** Subtracting the bits of 2^k from this leaves those of 2^(14 - k). */
export const EXPONENT_TO_CODES: usize = memory.data<v128>([i32x4.splat(<i32>((127 + 127 + 14) << 23))]);

// Codes of quantized weights
/** 15 in each byte. */
export const NIBBLES: usize = memory.data<v128>([i8x16.splat(15)]);
/** 128 in each byte. */
export const CODE_BIAS: usize = memory.data<v128>([i8x16.splat(-128)]);

// float16, see half.ts
/** The bits at which the sign, the exponent and the mantissa of a float16 lie in a float32. */
export const HALF_BITS: usize = memory.data<v128>([i32x4.splat(0x8fffe000)]);
/** 2^112, by which the number in these bits is too small. */
export const HALF_SCALE: usize = memory.data<v128>([i32x4.splat((127 + 112) << 23)]);
/** 8192 in the low half of each word: dot_i16x8_s then shifts the low halves left by 13, with their sign. */
export const HALF_SHIFT: usize = memory.data<v128>([i32x4.splat(8192)]);

/** Room for the last block of a row that does not fill it. */
export const LAST_BLOCK: usize = memory.data(128);
