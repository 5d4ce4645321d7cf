import * as c from '../../coefficients';
import { LAST_BLOCK } from './constants';
import { maxOfLanes, round } from './vectors';

// What the quantizing kernels share: limits of scales, blocks at the end of rows, rounding to codes.

export const SMALLEST_SCALE: f32 = <f32>c.SMALLEST_SCALE;
export const SMALLEST_STEP: f32 = <f32>c.SMALLEST_STEP;

/** The greatest magnitude in each lane. */
// @ts-ignore: decorator
@inline
export function absMax(a: v128, b: v128): v128 {
  return f32x4.pmax(f32x4.abs(a), f32x4.abs(b));
}

/**
 * Copies the last `left` floats of a row, less than a block, and fills the block up with zeros: bytes after the row
 * must not be read.
 */
export function lastBlock(x: usize, left: i32): usize {
  memory.fill(LAST_BLOCK, 0, 128);
  memory.copy(LAST_BLOCK, x, <usize>left << 2);
  return LAST_BLOCK;
}

/** The nearest integer, halves to even, in 16 bits. */
// @ts-ignore: decorator
@inline
export function toInteger(value: f32): u16 {
  return <u16>(<i32>nearest(value));
}

/** The inverse of the step of codes; a step too small to have one stands for zeros, whose codes are 0. */
// @ts-ignore: decorator
@inline
export function inverseOf(step: f32): v128 {
  return f32x4.splat(step > SMALLEST_STEP ? 1 / step : 0);
}

/** Eight floats as codes of 16 bits. `rounder`: the constant ROUND. */
// @ts-ignore: decorator
@inline
export function codesOf(source: usize, inverse: v128, rounder: v128): v128 {
  const low = round(f32x4.mul(v128.load(source), inverse), rounder);
  return i16x8.narrow_i32x4_s(low, round(f32x4.mul(v128.load(source, 16), inverse), rounder));
}

/** The greatest magnitude of `bytes` bytes of floats, a multiple of 16. */
export function greatestMagnitude(source: usize, bytes: usize): f32 {
  let m = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) m = f32x4.pmax(m, f32x4.abs(v128.load(source + i)));
  return f32x4.extract_lane(maxOfLanes(m), 0);
}
