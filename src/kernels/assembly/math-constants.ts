import * as c from '../coefficients';

// See constants.ts: numbers that loops need, each four times, from address 2048 on.
const BASE: usize = 2048;
export const ROUND: usize = BASE;
export const ONE: usize = BASE + 16;
export const E1: usize = BASE + 32;
export const E2: usize = BASE + 48;
export const E3: usize = BASE + 64;
export const E4: usize = BASE + 80;
export const E5: usize = BASE + 96;
export const LOG2E: usize = BASE + 112;
export const LN2_HIGH: usize = BASE + 128;
export const LN2_LOW: usize = BASE + 144;
export const N2: usize = BASE + 160;
export const N3: usize = BASE + 176;
export const N4: usize = BASE + 192;
export const N5: usize = BASE + 208;
export const N6: usize = BASE + 224;
export const EXP_LOWEST: usize = BASE + 240;
export const EXP_HIGHEST: usize = BASE + 256;
export const T0: usize = BASE + 272;
export const T1: usize = BASE + 288;
export const T2: usize = BASE + 304;
export const T3: usize = BASE + 320;
export const TANH_SMALL: usize = BASE + 336;
export const Q_P: usize = BASE + 352;
export const Q1: usize = BASE + 368;
export const Q2: usize = BASE + 384;
export const Q3: usize = BASE + 400;
export const Q4: usize = BASE + 416;
export const Q5: usize = BASE + 432;
export const Q6: usize = BASE + 448;
export const Q7: usize = BASE + 464;
export const Q8: usize = BASE + 480;
export const HALF: usize = BASE + 496;
export const GELU_LINEAR: usize = BASE + 512;
export const GELU_CUBIC: usize = BASE + 528;
/** Bits of the exponent of a float32. */
export const EXPONENT: usize = BASE + 544;
/** 2^-100: smaller block maxima are taken as this. */
export const TINY: usize = BASE + 560;
/** (127 + 127 + 14) << 23: minus the exponent of 2^k, it is that of 2^(14 - k). */
export const EXPONENT_TO_CODES: usize = BASE + 576;
/** 14 << 23 */
export const EXPONENT_14: usize = BASE + 592;
/** Bit of the sign. */
export const SIGN: usize = BASE + 608;

function fill(address: usize, value: f64): void {
  v128.store(address, f32x4.splat(<f32>value));
}

export function initializeMath(): void {
  fill(ROUND, c.ROUND);
  fill(ONE, 1);
  fill(E1, c.E1);
  fill(E2, c.E2);
  fill(E3, c.E3);
  fill(E4, c.E4);
  fill(E5, c.E5);
  fill(LOG2E, c.LOG2E);
  fill(LN2_HIGH, c.LN2_HIGH);
  fill(LN2_LOW, c.LN2_LOW);
  fill(N2, c.N2);
  fill(N3, c.N3);
  fill(N4, c.N4);
  fill(N5, c.N5);
  fill(N6, c.N6);
  fill(EXP_LOWEST, c.EXP_LOWEST);
  fill(EXP_HIGHEST, c.EXP_HIGHEST);
  fill(T0, c.T0);
  fill(T1, c.T1);
  fill(T2, c.T2);
  fill(T3, c.T3);
  fill(TANH_SMALL, c.TANH_SMALL);
  fill(Q_P, c.Q_P);
  fill(Q1, c.Q1);
  fill(Q2, c.Q2);
  fill(Q3, c.Q3);
  fill(Q4, c.Q4);
  fill(Q5, c.Q5);
  fill(Q6, c.Q6);
  fill(Q7, c.Q7);
  fill(Q8, c.Q8);
  fill(HALF, 0.5);
  fill(GELU_LINEAR, c.GELU_LINEAR);
  fill(GELU_CUBIC, c.GELU_CUBIC);
  fill(TINY, 7.888609052210118e-31);
  v128.store(EXPONENT, i32x4.splat(0x7f800000));
  v128.store(EXPONENT_TO_CODES, i32x4.splat(<i32>((127 + 127 + 14) << 23)));
  v128.store(EXPONENT_14, i32x4.splat(14 << 23));
  v128.store(SIGN, i32x4.splat(0x80000000));
}
