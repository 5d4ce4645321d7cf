import * as f32Tiles from '../../../dist/kernels/generated/attention-f32';
import * as q8Tiles from '../../../dist/kernels/generated/attention-q8';
import { BOUNDS, FACTORS, QUERY_STRIDE, RECORD, RECORDS, SCALE, SUMS, TOTALS } from './inline/attention-scratch';
import { exp2 } from './inline/exp2';
import { maximumOf, sumOf } from './inline/reduce';
import { rounded } from './inline/round';
import { EXPONENT, EXPONENT_14, EXPONENT_TO_CODES, LOG2E, ROUND, TINY } from './math-constants';

// One query of up to 4 heads that share a key-value head, page by page in three passes: scores of all pages; their exponentials
// relative to the greatest; values. Exponents are of base 2, log2 e being in the factor of the scores. Masked positions have a score
// of minus infinity, which makes their exponentials exactly 0.

const MASKED: f32 = -Infinity;

/** Heads in the next tile of `heads`: as few tiles as can be, as equal as can be. */
// @ts-ignore: decorator
@inline
function tileOf(heads: i32): i32 {
  const tiles = (heads + 3) >> 2;
  return (heads + tiles - 1) / tiles;
}

/** Copies the queries, times `factor`. */
function prepareF32(tile: i32, query: usize, headDimension: i32, factor: f32, scratch: usize): void {
  const width = <usize>headDimension << 2;
  const f = f32x4.splat(factor);
  for (let head = 0; head < tile; head++, query += width, scratch += QUERY_STRIDE)
    for (let i: usize = 0; i < width; i += 16) v128.store(scratch + i, f32x4.mul(v128.load(query + i), f));
}

/** Quantizes the queries to 16 bits; what a step stands for is in the factor of their scores. */
function prepareQ8(tile: i32, query: usize, headDimension: i32, factor: f32, scratch: usize): void {
  const width = <usize>headDimension << 2;
  for (let head = 0; head < tile; head++, query += width) {
    let m = f32x4.splat(0);
    for (let i: usize = 0; i < width; i += 16) m = f32x4.pmax(m, f32x4.abs(v128.load(query + i)));
    const step = f32x4.extract_lane(maximumOf(m), 0) / 32767;
    const inverse = f32x4.splat(step > 1e-37 ? 1 / step : 0);
    const codes = scratch + <usize>head * QUERY_STRIDE;
    for (let i: usize = 0; i < width; i += 32) {
      const low = rounded(f32x4.mul(v128.load(query + i), inverse));
      v128.store(codes + (i >> 1), i16x8.narrow_i32x4_s(low, rounded(f32x4.mul(v128.load(query + i, 16), inverse))));
    }
    v128.store(scratch + FACTORS + (<usize>head << 4), f32x4.splat(step * factor));
  }
}

/** Takes positions `from` to `to` of a page out. */
function mask(tile: i32, record: usize, from: i32, to: i32): void {
  for (let head = 0; head < tile; head++, record += RECORD)
    for (let i = from; i < to; i++) store<f32>(record + (<usize>i << 2), MASKED);
}

/** The least integer that no score of each head exceeds. */
function bound(tile: i32, scratch: usize, end: usize): void {
  for (let head: usize = 0; head < <usize>tile; head++) {
    let m0 = f32x4.splat(MASKED);
    let m1 = m0;
    for (let s = scratch + RECORDS + head * RECORD; s < end; s += <usize>tile * RECORD) {
      m0 = f32x4.pmax(m0, f32x4.pmax(f32x4.pmax(v128.load(s), v128.load(s, 16)), f32x4.pmax(v128.load(s, 32), v128.load(s, 48))));
      m1 = f32x4.pmax(m1, f32x4.pmax(f32x4.pmax(v128.load(s, 64), v128.load(s, 80)), f32x4.pmax(v128.load(s, 96), v128.load(s, 112))));
    }
    v128.store(scratch + BOUNDS + (head << 4), f32x4.ceil(maximumOf(f32x4.pmax(m0, m1))));
  }
}

/** The exponentials of one page and head in place of its scores. */
function weighF32(record: usize, scratch: usize, head: usize): void {
  const limit = v128.load(scratch + BOUNDS + (head << 4));
  const lowest = f32x4.sub(limit, f32x4.splat(127));
  const round = f32x4.sub(v128.load(ROUND), limit);
  let total = v128.load(scratch + TOTALS + (head << 4));
  for (let s = record; s < record + 128; s += 64) {
    const e0 = exp2(v128.load(s), lowest, round);
    const e1 = exp2(v128.load(s, 16), lowest, round);
    const e2 = exp2(v128.load(s, 32), lowest, round);
    const e3 = exp2(v128.load(s, 48), lowest, round);
    v128.store(s, e0);
    v128.store(s, e1, 16);
    v128.store(s, e2, 32);
    v128.store(s, e3, 48);
    total = f32x4.add(total, f32x4.add(f32x4.add(e0, e1), f32x4.add(e2, e3)));
  }
  v128.store(scratch + TOTALS + (head << 4), total);
}

/**
 * The exponentials of one page and head times the values' scales, as codes of 15 bits and the power of 2 that is their step: the one
 * with which the greatest has 15 bits.
 */
function weighQ8(record: usize, scales: usize, scratch: usize, head: usize): void {
  const limit = v128.load(scratch + BOUNDS + (head << 4));
  const lowest = f32x4.sub(limit, f32x4.splat(127));
  const round = f32x4.sub(v128.load(ROUND), limit);
  let total = v128.load(scratch + TOTALS + (head << 4));
  let greatest = v128.load(TINY);
  for (let s = record; s < record + 128; s += 64) {
    const e0 = exp2(v128.load(s), lowest, round);
    const e1 = exp2(v128.load(s, 16), lowest, round);
    const e2 = exp2(v128.load(s, 32), lowest, round);
    const e3 = exp2(v128.load(s, 48), lowest, round);
    total = f32x4.add(total, f32x4.add(f32x4.add(e0, e1), f32x4.add(e2, e3)));
    const w0 = f32x4.mul(e0, v128.load(scales));
    const w1 = f32x4.mul(e1, v128.load(scales, 16));
    const w2 = f32x4.mul(e2, v128.load(scales, 32));
    const w3 = f32x4.mul(e3, v128.load(scales, 48));
    v128.store(s, w0);
    v128.store(s, w1, 16);
    v128.store(s, w2, 32);
    v128.store(s, w3, 48);
    greatest = f32x4.pmax(greatest, f32x4.pmax(f32x4.pmax(w0, w1), f32x4.pmax(w2, w3)));
    scales += 64;
  }
  v128.store(scratch + TOTALS + (head << 4), total);
  const exponent = v128.and(maximumOf(greatest), v128.load(EXPONENT));
  const inverse = i32x4.sub(v128.load(EXPONENT_TO_CODES), exponent);
  for (let i: usize = 0; i < 64; i += 16) {
    const low = rounded(f32x4.mul(v128.load(record + (i << 1)), inverse));
    v128.store(record + i, i16x8.narrow_i32x4_s(low, rounded(f32x4.mul(v128.load(record + (i << 1), 16), inverse))));
  }
  v128.store(record + SCALE, i32x4.sub(exponent, v128.load(EXPONENT_14)));
}

/** y = sums over totals. */
function finish(tile: i32, y: usize, headDimension: i32, scratch: usize): void {
  const width = <usize>headDimension << 2;
  for (let head: usize = 0; head < <usize>tile; head++, y += width) {
    const total = f32x4.splat(sumOf(v128.load(scratch + TOTALS + (head << 4))));
    let a = scratch + SUMS + (head << 5);
    for (let i: usize = 0; i < width; i += 32, a += <usize>tile << 5) {
      v128.store(y + i, f32x4.div(v128.load(a), total));
      v128.store(y + i, f32x4.div(v128.load(a, 16), total), 16);
    }
  }
}

// @ts-ignore: decorator
@inline
function pageOf(pages: usize, page: i32, offset: usize): usize {
  return <usize>load<u32>(pages + (<usize>page << 2)) + offset;
}

/** Groups of 8 positions of a page that a query at `last` sees. */
// @ts-ignore: decorator
@inline
function groupsOf(page: i32, last: i32): i32 {
  return min(4, ((last - (page << 5)) >> 3) + 1);
}

/** Attention of `tile` heads, of `query`, to positions `first` to `last`. `offset`: of their block in a page. */
function attendTileF32(
  tile: i32,
  query: usize,
  y: usize,
  pages: usize,
  offset: usize,
  first: i32,
  last: i32,
  headDimension: i32,
  factor: f32,
  scratch: usize,
): void {
  const stride = <usize>tile * RECORD;
  const firstPage = first >> 5;
  const lastPage = last >> 5;
  let record = scratch + RECORDS;
  prepareF32(tile, query, headDimension, factor, scratch);
  for (let page = firstPage; page <= lastPage; page++, record += stride) {
    const block = pageOf(pages, page, offset);
    const groups = groupsOf(page, last);
    if (tile == 1) f32Tiles.scoresF32x1(block, headDimension, scratch, record, groups);
    else if (tile == 2) f32Tiles.scoresF32x2(block, headDimension, scratch, record, groups);
    else if (tile == 3) f32Tiles.scoresF32x3(block, headDimension, scratch, record, groups);
    else f32Tiles.scoresF32x4(block, headDimension, scratch, record, groups);
  }
  mask(tile, scratch + RECORDS, 0, first & 31);
  mask(tile, record - stride, (last & 31) + 1, 32);
  bound(tile, scratch, record);
  memory.fill(scratch + TOTALS, 0, 64);
  memory.fill(scratch + SUMS, 0, <usize>(tile * headDimension) << 2);
  record = scratch + RECORDS;
  for (let page = firstPage; page <= lastPage; page++, record += stride) {
    for (let head = 0; head < tile; head++) weighF32(record + <usize>head * RECORD, scratch, head);
    const block = pageOf(pages, page, offset);
    const from = page == firstPage ? <usize>first & 28 : 0;
    const to = page == lastPage ? (<usize>last & 28) + 4 : 32;
    if (tile == 1) f32Tiles.valuesF32x1(block, headDimension, scratch, record, from, to);
    else if (tile == 2) f32Tiles.valuesF32x2(block, headDimension, scratch, record, from, to);
    else if (tile == 3) f32Tiles.valuesF32x3(block, headDimension, scratch, record, from, to);
    else f32Tiles.valuesF32x4(block, headDimension, scratch, record, from, to);
  }
  finish(tile, y, headDimension, scratch);
}

/** As attendTileF32. */
function attendTileQ8(
  tile: i32,
  query: usize,
  y: usize,
  pages: usize,
  offset: usize,
  first: i32,
  last: i32,
  headDimension: i32,
  factor: f32,
  scratch: usize,
): void {
  const stride = <usize>tile * RECORD;
  const firstPage = first >> 5;
  const lastPage = last >> 5;
  let record = scratch + RECORDS;
  prepareQ8(tile, query, headDimension, factor, scratch);
  for (let page = firstPage; page <= lastPage; page++, record += stride) {
    const block = pageOf(pages, page, offset);
    const groups = groupsOf(page, last);
    if (tile == 1) q8Tiles.scoresQ8x1(block, headDimension, scratch, record, groups);
    else if (tile == 2) q8Tiles.scoresQ8x2(block, headDimension, scratch, record, groups);
    else if (tile == 3) q8Tiles.scoresQ8x3(block, headDimension, scratch, record, groups);
    else q8Tiles.scoresQ8x4(block, headDimension, scratch, record, groups);
  }
  mask(tile, scratch + RECORDS, 0, first & 31);
  mask(tile, record - stride, (last & 31) + 1, 32);
  bound(tile, scratch, record);
  memory.fill(scratch + TOTALS, 0, 64);
  memory.fill(scratch + SUMS, 0, <usize>(tile * headDimension) << 2);
  record = scratch + RECORDS;
  for (let page = firstPage; page <= lastPage; page++, record += stride) {
    const block = pageOf(pages, page, offset);
    const scales = block + (<usize>headDimension << 6) + 128;
    for (let head = 0; head < tile; head++) weighQ8(record + <usize>head * RECORD, scales, scratch, head);
    if (tile == 1) q8Tiles.valuesQ8x1(block, headDimension, scratch, record);
    else if (tile == 2) q8Tiles.valuesQ8x2(block, headDimension, scratch, record);
    else if (tile == 3) q8Tiles.valuesQ8x3(block, headDimension, scratch, record);
    else q8Tiles.valuesQ8x4(block, headDimension, scratch, record);
  }
  finish(tile, y, headDimension, scratch);
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
  const group = heads / keyValueHeads;
  const width = <usize>headDimension << 2;
  const factor = scale * f32x4.extract_lane(v128.load(LOG2E), 0);
  for (let keyValueHead = 0; keyValueHead < keyValueHeads; keyValueHead++) {
    const offset = <usize>(layer * keyValueHeads + keyValueHead) * (width << 6);
    for (let row = 0; row < rows; row++) {
      const last = position + row;
      const first = window > 0 ? max(0, last - window + 1) : 0;
      for (let head = 0; head < group; ) {
        const tile = tileOf(group - head);
        const at = <usize>(keyValueHead * group + head) * width;
        const q = query + <usize>row * queryStride + at;
        attendTileF32(tile, q, y + <usize>row * yStride + at, pages, offset, first, last, headDimension, factor, scratch);
        head += tile;
      }
    }
  }
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
  const group = heads / keyValueHeads;
  const width = <usize>headDimension << 2;
  const block = (<usize>headDimension << 6) + 256;
  const factor = scale * f32x4.extract_lane(v128.load(LOG2E), 0);
  for (let keyValueHead = 0; keyValueHead < keyValueHeads; keyValueHead++) {
    const offset = <usize>(layer * keyValueHeads + keyValueHead) * block;
    for (let row = 0; row < rows; row++) {
      const last = position + row;
      const first = window > 0 ? max(0, last - window + 1) : 0;
      for (let head = 0; head < group; ) {
        const tile = tileOf(group - head);
        const at = <usize>(keyValueHead * group + head) * width;
        const q = query + <usize>row * queryStride + at;
        attendTileQ8(tile, q, y + <usize>row * yStride + at, pages, offset, first, last, headDimension, factor, scratch);
        head += tile;
      }
    }
  }
}
