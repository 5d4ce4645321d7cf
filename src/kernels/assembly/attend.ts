import * as f32s from '../../../dist/kernels/generated/attention-f32';
import * as q8 from '../../../dist/kernels/generated/attention-q8';
import { finish, prepareF32, prepareQ8 } from './inline/attention-heads';
import { areaBytes, BOUNDS, SUMS, TOTALS } from './inline/attention-scratch';
import { MASKED, mask, quantizeWeights, raiseBound, weighF32, weighQ8 } from './inline/attention-weights';
import { LOG2E } from './math-constants';

// One query, page by page: scores of a page, their exponentials, values. So a page's keys and values are read once, one after the other.

/** Heads in the next tile of `heads`: as few tiles as can be, as equal as can be. */
// @ts-ignore: decorator
@inline
function tileOf(heads: i32): i32 {
  const tiles = (heads + 3) >> 2;
  return (heads + tiles - 1) / tiles;
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
  // One head's maximum is long known when all heads' exponentials are.
  for (let head = 0; head < tile; head++) quantizeWeights(scratch, head);
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
  offset: usize,
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
    const from = offset + <usize>head * blockBytes;
    const at = <usize>(head * group) * width;
    for (let row = 0; row < rows; row++) {
      const last = position + row;
      const first = window > 0 ? max(0, last - window + 1) : 0;
      const q = query + <usize>row * queryStride + at;
      const to = y + <usize>row * yStride + at;
      attendRow(quantized, q, to, pages, from, together, group, first, last, headDimension, factor, scratch);
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
  offset: usize,
  position: i32,
  rows: i32,
  heads: i32,
  keyValueHeads: i32,
  headDimension: i32,
  scale: f32,
  window: i32,
  scratch: usize,
): void {
  attend(false, query, queryStride, y, yStride, pages, offset, position, rows, heads, keyValueHeads, headDimension, scale, window, scratch);
}

/** See Kernels.attendQ8. */
export function attendQ8(
  query: usize,
  queryStride: usize,
  y: usize,
  yStride: usize,
  pages: usize,
  offset: usize,
  position: i32,
  rows: i32,
  heads: i32,
  keyValueHeads: i32,
  headDimension: i32,
  scale: f32,
  window: i32,
  scratch: usize,
): void {
  attend(true, query, queryStride, y, yStride, pages, offset, position, rows, heads, keyValueHeads, headDimension, scale, window, scratch);
}
