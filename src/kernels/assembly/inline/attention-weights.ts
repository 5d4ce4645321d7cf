import { BOUNDS, GREATEST, LOWEST, RECORD, RECORDS, ROUNDS, SCALE, SUMS, TOTALS } from './attention-scratch';
import { EXPONENT, EXPONENT_14, EXPONENT_TO_CODES, ROUND, SMALLEST_SCALES } from './constants';
import { exp2 } from './exp2';
import { codesOf } from './quantization';
import { maxOfLanes } from './vectors';

// Turns a page's scores into exponentials relative to the greatest score so far. If the page has a greater one, the
// sums so far are scaled down (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018). The factor is
// a power of 2 and therefore exact, because the bound that stands for the greatest score is an integer and the
// exponentials have base 2. Masked positions have a score of minus infinity, which makes their exponentials exactly 0.

export const MASKED: f32 = -Infinity;

/** Masks the positions of a page from `from` up to, but not including, `to`. */
export function mask(tile: i32, scratch: usize, from: i32, to: i32): void {
  let record = scratch + RECORDS;
  for (let head = 0; head < tile; head++, record += RECORD) for (let i = from; i < to; i++) store<f32>(record + ((<usize>i) << 2), MASKED);
}

/**
 * Raises a head's bound to the least integer that no score of the page exceeds, if it was lower, and scales the head's
 * sums accordingly.
 */
export function raiseBound(tile: i32, scratch: usize, head: usize, headDimension: i32): void {
  const record = scratch + RECORDS + head * RECORD;
  const m0 = f32x4.pmax(f32x4.pmax(v128.load(record), v128.load(record, 16)), f32x4.pmax(v128.load(record, 32), v128.load(record, 48)));
  const m1 = f32x4.pmax(
    f32x4.pmax(v128.load(record, 64), v128.load(record, 80)),
    f32x4.pmax(v128.load(record, 96), v128.load(record, 112)),
  );
  const bound = f32x4.ceil(maxOfLanes(f32x4.pmax(m0, m1)));
  const at = scratch + (head << 4);
  const before = v128.load(at, BOUNDS);
  if (!v128.any_true(f32x4.gt(bound, before))) return;
  const lowest = f32x4.sub(bound, f32x4.splat(127));
  const round = f32x4.sub(v128.load(ROUND), bound);
  v128.store(at, bound, BOUNDS);
  v128.store(at, lowest, LOWEST);
  v128.store(at, round, ROUNDS);
  const factor = exp2(before, lowest, round);
  v128.store(at, f32x4.mul(v128.load(at, TOTALS), factor), TOTALS);
  let a = scratch + SUMS + (head << 5);
  for (let i = 0; i < headDimension; i += 8, a += (<usize>tile) << 5) {
    v128.store(a, f32x4.mul(v128.load(a), factor));
    v128.store(a, f32x4.mul(v128.load(a, 16), factor), 16);
  }
}

/** Puts the exponentials of one head in place of its scores, two vectors at a time: of more, V8 would spill most. */
export function weighF32(scratch: usize, head: usize): void {
  const record = scratch + RECORDS + head * RECORD;
  const at = scratch + (head << 4);
  let total = v128.load(at, TOTALS);
  for (let s = record; s < record + 128; s += 32) {
    const lowest = v128.load(at, LOWEST);
    const round = v128.load(at, ROUNDS);
    const e0 = exp2(v128.load(s), lowest, round);
    const e1 = exp2(v128.load(s, 16), lowest, round);
    v128.store(s, e0);
    v128.store(s, e1, 16);
    total = f32x4.add(total, f32x4.add(e0, e1));
  }
  v128.store(at, total, TOTALS);
}

/**
 * Puts the exponentials of one head times the values' scales in place of its scores, and finds the greatest of them.
 */
export function weighQ8(scratch: usize, head: usize, scales: usize): void {
  const record = scratch + RECORDS + head * RECORD;
  const at = scratch + (head << 4);
  let total = v128.load(at, TOTALS);
  let greatest = v128.load(SMALLEST_SCALES);
  for (let s = record; s < record + 128; s += 32) {
    const lowest = v128.load(at, LOWEST);
    const round = v128.load(at, ROUNDS);
    const e0 = exp2(v128.load(s), lowest, round);
    const e1 = exp2(v128.load(s, 16), lowest, round);
    total = f32x4.add(total, f32x4.add(e0, e1));
    const w0 = f32x4.mul(e0, v128.load(scales));
    const w1 = f32x4.mul(e1, v128.load(scales, 16));
    v128.store(s, w0);
    v128.store(s, w1, 16);
    greatest = f32x4.pmax(greatest, f32x4.pmax(w0, w1));
    scales += 32;
  }
  v128.store(at, total, TOTALS);
  v128.store(at, greatest, GREATEST);
}

/**
 * Quantizes the weights that weighQ8 left to 15 bits. The step is a power of 2: the one with which the greatest weight
 * has 15 bits.
 */
export function quantizeWeights(scratch: usize, head: usize): void {
  const record = scratch + RECORDS + head * RECORD;
  const exponent = v128.and(maxOfLanes(v128.load(scratch + (head << 4), GREATEST)), v128.load(EXPONENT));
  const inverse = i32x4.sub(v128.load(EXPONENT_TO_CODES), exponent);
  const rounder = v128.load(ROUND);
  for (let i: usize = 0; i < 64; i += 16) v128.store(record + i, codesOf(record + (i << 1), inverse, rounder));
  v128.store(record, i32x4.sub(exponent, v128.load(EXPONENT_14)), SCALE);
}
