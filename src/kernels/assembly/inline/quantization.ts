import { LAST_BLOCK } from '../constants';

/** The nearest integers; of two, the even one. `rounder`: ROUNDER. */
// @ts-ignore: decorator
@inline
export function round(value: v128, rounder: v128): v128 {
  return i32x4.sub(f32x4.add(value, rounder), rounder);
}

// @ts-ignore: decorator
@inline
export function absMax(a: v128, b: v128): v128 {
  return f32x4.pmax(f32x4.abs(a), f32x4.abs(b));
}

// @ts-ignore: decorator
@inline
export function horizontalMax(values: v128): f32 {
  const pairs = f32x4.pmax(values, v128.shuffle<i32>(values, values, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

// @ts-ignore: decorator
@inline
export function horizontalSum(values: v128): i32 {
  const pairs = i32x4.add(values, v128.shuffle<i32>(values, values, 2, 3, 0, 1));
  return i32x4.extract_lane(i32x4.add(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** The `left` floats at x, less than a block, with zeros behind them: what follows a row is not to be read. */
export function lastBlock(x: usize, left: i32): usize {
  memory.fill(LAST_BLOCK, 0, 128);
  memory.copy(LAST_BLOCK, x, <usize>left << 2);
  return LAST_BLOCK;
}

/** The nearest integer, in 16 bits. */
// @ts-ignore: decorator
@inline
export function toInteger(value: f32): u16 {
  return <u16><i32>nearest(value);
}
