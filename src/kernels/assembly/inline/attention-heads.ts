import { FACTORS, queriesOf, SUMS, TOTALS } from './attention-scratch';
import { ROUND } from './constants';
import { codesOf, greatestMagnitude, inverseOf } from './quantization';
import { sumOfLanes } from './vectors';

// The beginning and the end of attention for the heads of a tile: their queries go into the scratch, and their results
// come out.

/** Stores the queries times `factor`, each element four times. */
export function prepareF32(tile: i32, query: usize, headDimension: i32, factor: f32, scratch: usize): void {
  const stride = (<usize>tile) << 4;
  for (let head = 0; head < tile; head++) {
    let q = queriesOf(scratch, headDimension) + ((<usize>head) << 4);
    for (let i = 0; i < headDimension; i++, query += 4, q += stride) v128.store(q, f32x4.splat(load<f32>(query) * factor));
  }
}

/**
 * Quantizes the queries to 16 bits, and stores each pair of codes four times. The step of the codes goes into the
 * factor of the scores.
 */
export function prepareQ8(tile: i32, query: usize, headDimension: i32, factor: f32, scratch: usize): void {
  const width = (<usize>headDimension) << 2;
  const stride = (<usize>tile) << 4;
  for (let head = 0; head < tile; head++, query += width) {
    const step = greatestMagnitude(query, width) / 32767;
    const inverse = inverseOf(step);
    const rounder = v128.load(ROUND);
    let q = queriesOf(scratch, headDimension) + ((<usize>head) << 4);
    for (let i: usize = 0; i < width; i += 32) {
      const codes = codesOf(query + i, inverse, rounder);
      v128.store(q, v128.shuffle<i32>(codes, codes, 0, 0, 0, 0));
      q += stride;
      v128.store(q, v128.shuffle<i32>(codes, codes, 1, 1, 1, 1));
      q += stride;
      v128.store(q, v128.shuffle<i32>(codes, codes, 2, 2, 2, 2));
      q += stride;
      v128.store(q, v128.shuffle<i32>(codes, codes, 3, 3, 3, 3));
      q += stride;
    }
    v128.store(scratch + ((<usize>head) << 4), f32x4.splat(step * factor), FACTORS);
  }
}

/** y = sums / totals. */
export function finish(tile: i32, y: usize, headDimension: i32, scratch: usize): void {
  const width = (<usize>headDimension) << 2;
  for (let head: usize = 0; head < <usize>tile; head++, y += width) {
    const total = f32x4.splat(sumOfLanes(v128.load(scratch + (head << 4), TOTALS)));
    let a = scratch + SUMS + (head << 5);
    for (let i: usize = 0; i < width; i += 32, a += (<usize>tile) << 5) {
      v128.store(y + i, f32x4.div(v128.load(a), total));
      v128.store(y + i, f32x4.div(v128.load(a, 16), total), 16);
    }
  }
}
