import * as f32s from '../../../dist/kernels/generated/attention-f32';
import * as q8 from '../../../dist/kernels/generated/attention-q8';
import { areaBytes, BOUNDS, FACTORS, LOWEST, queriesOf, RECORD, RECORDS, ROUNDS, SCALE, SUMS, TOTALS } from './inline/attention-scratch';
import { exp2 } from './inline/exp2';
import { maximumOf, sumOf } from './inline/reduce';
import { rounded } from './inline/round';
import { EXPONENT, EXPONENT_14, EXPONENT_TO_CODES, LOG2E, ROUND, TINY } from './math-constants';

// One query, page by page: scores of a page; their exponentials relative to the greatest score so far; values. Where a page has a greater
// score, the sums so far are scaled down (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018): by a power of 2,
// exactly, since the bound that stands for the greatest score is an integer and exponents are of base 2 (log2 e being in the factor of
// the scores). So a page's keys and values are read once, one after the other. Masked positions have a score of minus infinity, which
// makes their exponentials exactly 0.

const MASKED: f32 = -Infinity;

/** Heads in the next tile of `heads`: as few tiles as can be, as equal as can be. */
// @ts-ignore: decorator
@inline
function tileOf(heads: i32): i32 {
  const tiles = (heads + 3) >> 2;
  return (heads + tiles - 1) / tiles;
}

/** Stores the queries times `factor`. */
function prepareF32(tile: i32, query: usize, headDimension: i32, factor: f32, scratch: usize): void {
  const stride = <usize>tile << 4;
  for (let head = 0; head < tile; head++) {
    let q = queriesOf(scratch, headDimension) + (<usize>head << 4);
    for (let i = 0; i < headDimension; i++, query += 4, q += stride) v128.store(q, f32x4.splat(load<f32>(query) * factor));
  }
}

/** Quantizes the queries to 16 bits; what a step stands for is in the factor of their scores. */
function prepareQ8(tile: i32, query: usize, headDimension: i32, factor: f32, scratch: usize): void {
  const width = <usize>headDimension << 2;
  const stride = <usize>tile << 4;
  for (let head = 0; head < tile; head++, query += width) {
    let m = f32x4.splat(0);
    for (let i: usize = 0; i < width; i += 16) m = f32x4.pmax(m, f32x4.abs(v128.load(query + i)));
    const step = f32x4.extract_lane(maximumOf(m), 0) / 32767;
    const inverse = f32x4.splat(step > 1e-37 ? 1 / step : 0);
    let q = queriesOf(scratch, headDimension) + (<usize>head << 4);
    for (let i: usize = 0; i < width; i += 32) {
      const low = rounded(f32x4.mul(v128.load(query + i), inverse));
      const codes = i16x8.narrow_i32x4_s(low, rounded(f32x4.mul(v128.load(query + i, 16), inverse)));
      v128.store(q, v128.shuffle<i32>(codes, codes, 0, 0, 0, 0));
      q += stride;
      v128.store(q, v128.shuffle<i32>(codes, codes, 1, 1, 1, 1));
      q += stride;
      v128.store(q, v128.shuffle<i32>(codes, codes, 2, 2, 2, 2));
      q += stride;
      v128.store(q, v128.shuffle<i32>(codes, codes, 3, 3, 3, 3));
      q += stride;
    }
    v128.store(scratch + (<usize>head << 4), f32x4.splat(step * factor), FACTORS);
  }
}

/** Takes positions `from` to `to` of a page out. */
function mask(tile: i32, scratch: usize, from: i32, to: i32): void {
  let record = scratch + RECORDS;
  for (let head = 0; head < tile; head++, record += RECORD)
    for (let i = from; i < to; i++) store<f32>(record + (<usize>i << 2), MASKED);
}

/** Raises a head's bound to the least integer that no score of the page exceeds, if it is lower, and scales its sums accordingly. */
function raiseBound(tile: i32, scratch: usize, head: usize, headDimension: i32): void {
  const record = scratch + RECORDS + head * RECORD;
  const m0 = f32x4.pmax(f32x4.pmax(v128.load(record), v128.load(record, 16)), f32x4.pmax(v128.load(record, 32), v128.load(record, 48)));
  const m1 = f32x4.pmax(f32x4.pmax(v128.load(record, 64), v128.load(record, 80)), f32x4.pmax(v128.load(record, 96), v128.load(record, 112)));
  const bound = f32x4.ceil(maximumOf(f32x4.pmax(m0, m1)));
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
  for (let i = 0; i < headDimension; i += 8, a += <usize>tile << 5) {
    v128.store(a, f32x4.mul(v128.load(a), factor));
    v128.store(a, f32x4.mul(v128.load(a, 16), factor), 16);
  }
}

/** The exponentials of one head in place of its scores. Two vectors at a time: of more V8 spills most. */
function weighF32(scratch: usize, head: usize): void {
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
 * The exponentials of one head times the values' scales, as codes of 15 bits and the power of 2 that is their step: the one with which
 * the greatest has 15 bits.
 */
function weighQ8(scratch: usize, head: usize, scales: usize): void {
  const record = scratch + RECORDS + head * RECORD;
  const at = scratch + (head << 4);
  let total = v128.load(at, TOTALS);
  let greatest = v128.load(TINY);
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
  const exponent = v128.and(maximumOf(greatest), v128.load(EXPONENT));
  const inverse = i32x4.sub(v128.load(EXPONENT_TO_CODES), exponent);
  for (let i: usize = 0; i < 64; i += 16) {
    const low = rounded(f32x4.mul(v128.load(record + (i << 1)), inverse));
    v128.store(record + i, i16x8.narrow_i32x4_s(low, rounded(f32x4.mul(v128.load(record + (i << 1), 16), inverse))));
  }
  v128.store(record, i32x4.sub(exponent, v128.load(EXPONENT_14)), SCALE);
}

/** y = sums over totals. */
function finish(tile: i32, y: usize, headDimension: i32, scratch: usize): void {
  const width = <usize>headDimension << 2;
  for (let head: usize = 0; head < <usize>tile; head++, y += width) {
    const total = f32x4.splat(sumOf(v128.load(scratch + (head << 4), TOTALS)));
    let a = scratch + SUMS + (head << 5);
    for (let i: usize = 0; i < width; i += 32, a += <usize>tile << 5) {
      v128.store(y + i, f32x4.div(v128.load(a), total));
      v128.store(y + i, f32x4.div(v128.load(a, 16), total), 16);
    }
  }
}

function scores(quantized: bool, tile: i32, block: usize, headDimension: i32, scratch: usize, groups: i32): void {
  if (quantized) {
    if (tile == 1) q8.scoresQ8x1(block, headDimension, scratch, groups);
    else if (tile == 2) q8.scoresQ8x2(block, headDimension, scratch, groups);
    else if (tile == 3) q8.scoresQ8x3(block, headDimension, scratch, groups);
    else q8.scoresQ8x4(block, headDimension, scratch, groups);
  } else {
    if (tile == 1) f32s.scoresF32x1(block, headDimension, scratch, groups);
    else if (tile == 2) f32s.scoresF32x2(block, headDimension, scratch, groups);
    else if (tile == 3) f32s.scoresF32x3(block, headDimension, scratch, groups);
    else f32s.scoresF32x4(block, headDimension, scratch, groups);
  }
}

function valuesQ8(tile: i32, values: usize, headDimension: i32, scratch: usize): void {
  for (let head = 0; head < tile; head++) weighQ8(scratch, head, values);
  values += 128;
  if (tile == 1) q8.valuesQ8x1(values, headDimension, scratch);
  else if (tile == 2) q8.valuesQ8x2(values, headDimension, scratch);
  else if (tile == 3) q8.valuesQ8x3(values, headDimension, scratch);
  else q8.valuesQ8x4(values, headDimension, scratch);
}

function valuesF32(tile: i32, values: usize, headDimension: i32, scratch: usize, from: usize, to: usize): void {
  for (let head = 0; head < tile; head++) weighF32(scratch, head);
  if (tile == 1) f32s.valuesF32x1(values, headDimension, scratch, from, to);
  else if (tile == 2) f32s.valuesF32x2(values, headDimension, scratch, from, to);
  else if (tile == 3) f32s.valuesF32x3(values, headDimension, scratch, from, to);
  else f32s.valuesF32x4(values, headDimension, scratch, from, to);
}

/** Adds positions `first` to `last` (0 to 31) of a page. */
function addPage(quantized: bool, tile: i32, block: usize, blockBytes: usize, headDimension: i32, scratch: usize, first: i32, last: i32): void {
  scores(quantized, tile, block, headDimension, scratch, (last >> 3) + 1);
  if (first > 0) mask(tile, scratch, 0, first);
  if (last < 31) mask(tile, scratch, last + 1, 32);
  for (let head = 0; head < tile; head++) raiseBound(tile, scratch, head, headDimension);
  const values = block + (blockBytes >> 1);
  if (quantized) valuesQ8(tile, values, headDimension, scratch);
  else valuesF32(tile, values, headDimension, scratch, <usize>first & 28, (<usize>last & 28) + 4);
}

/**
 * One row's heads of `count` key-value heads, whose blocks lie one after the other from `offset` on in each page, at positions `first`
 * to `last`. `query`, `y`: of the first of these heads.
 */
function attendRow(
  quantized: bool,
  query: usize,
  y: usize,
  pages: usize,
  offset: usize,
  count: i32,
  group: i32,
  first: i32,
  last: i32,
  headDimension: i32,
  factor: f32,
  scratch: usize,
): void {
  const width = <usize>headDimension << 2;
  const blockBytes = quantized ? (width << 4) + 256 : width << 6;
  const stride = areaBytes(headDimension);
  let area = scratch;
  for (let i = 0; i < count; i++)
    for (let rest = group; rest > 0; area += stride) {
      const tile = tileOf(rest);
      if (quantized) prepareQ8(tile, query, headDimension, factor, area);
      else prepareF32(tile, query, headDimension, factor, area);
      for (let head: usize = 0; head < 64; head += 16) v128.store(area + head, f32x4.splat(MASKED), BOUNDS);
      memory.fill(area + TOTALS, 0, 64);
      memory.fill(area + SUMS, 0, <usize>tile * width);
      query += <usize>tile * width;
      rest -= tile;
    }
  for (let page = first >> 5; page <= last >> 5; page++) {
    let block = <usize>load<u32>(pages + (<usize>page << 2)) + offset;
    const from = max(0, first - (page << 5));
    const to = min(31, last - (page << 5));
    area = scratch;
    for (let i = 0; i < count; i++, block += blockBytes)
      for (let rest = group; rest > 0; area += stride) {
        const tile = tileOf(rest);
        addPage(quantized, tile, block, blockBytes, headDimension, area, from, to);
        rest -= tile;
      }
  }
  area = scratch;
  for (let i = 0; i < count; i++)
    for (let rest = group; rest > 0; area += stride) {
      const tile = tileOf(rest);
      finish(tile, y, headDimension, area);
      y += <usize>tile * width;
      rest -= tile;
    }
}

/** All rows. One alone takes all key-value heads of a page together, as they lie in memory; of many, each head's cache is used by row after row. */
function attend(
  quantized: bool,
  query: usize,
  queryStride: usize,
  y: usize,
  yStride: usize,
  pages: usize,
  layer: i32,
  position: i32,
  rows: i32,
  heads: i32,
  keyValueHeads: i32,
  headDimension: i32,
  scale: f32,
  window: i32,
  scratch: usize,
): void {
  const group = heads / keyValueHeads;
  const width = <usize>headDimension << 2;
  const blockBytes = quantized ? (width << 4) + 256 : width << 6;
  const together = rows == 1 ? keyValueHeads : 1;
  const factor = scale * f32x4.extract_lane(v128.load(LOG2E), 0);
  for (let head = 0; head < keyValueHeads; head += together) {
    const offset = <usize>(layer * keyValueHeads + head) * blockBytes;
    const at = <usize>(head * group) * width;
    for (let row = 0; row < rows; row++) {
      const last = position + row;
      const first = window > 0 ? max(0, last - window + 1) : 0;
      const q = query + <usize>row * queryStride + at;
      const to = y + <usize>row * yStride + at;
      attendRow(quantized, q, to, pages, offset, together, group, first, last, headDimension, factor, scratch);
    }
  }
}

/** See Kernels.attendF32. */
export function attendF32(
  query: usize,
  queryStride: usize,
  y: usize,
  yStride: usize,
  pages: usize,
  layer: i32,
  position: i32,
  rows: i32,
  heads: i32,
  keyValueHeads: i32,
  headDimension: i32,
  scale: f32,
  window: i32,
  scratch: usize,
): void {
  attend(false, query, queryStride, y, yStride, pages, layer, position, rows, heads, keyValueHeads, headDimension, scale, window, scratch);
}

/** See Kernels.attendQ8. */
export function attendQ8(
  query: usize,
  queryStride: usize,
  y: usize,
  yStride: usize,
  pages: usize,
  layer: i32,
  position: i32,
  rows: i32,
  heads: i32,
  keyValueHeads: i32,
  headDimension: i32,
  scale: f32,
  window: i32,
  scratch: usize,
): void {
  attend(true, query, queryStride, y, yStride, pages, layer, position, rows, heads, keyValueHeads, headDimension, scale, window, scratch);
}
