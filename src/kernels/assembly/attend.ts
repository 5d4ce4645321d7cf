import * as f32s from '../../../dist/kernels/generated/attention-f32';
import * as q8 from '../../../dist/kernels/generated/attention-q8';
import { touch } from '../../../dist/kernels/generated/touch';
import { attentionAreaBytes, KV_SCALES, kvHalfBytes, MAX_TILE, PAGE_POSITIONS } from '../layout-sizes';
import { finish, prepareF32, prepareQ8 } from './inline/attention-heads';
import { BOUNDS, SUMS, TOTALS } from './inline/attention-scratch';
import { MASKED, mask, quantizeWeights, raiseBound, weighF32, weighQ8 } from './inline/attention-weights';
import { LOG2E } from './inline/constants';

// Causal grouped-query attention with an online softmax: each page's keys and values are read once, one after the
// other. For each row, and for each tile of up to 4 heads that share a key-value head:
//
// 1. Prepare: the queries, times scale and log2 e, go into the tile's scratch; bounds, totals and sums are reset.
// 2. For each page that the row attends to:
//    - scores: 8 positions at a time, queries times keys (unrolled, from templates/attention-f32.ts and -q8.ts);
//    - mask: positions before the window and after the row's own;
//    - raise each head's bound to the page's greatest score, rounded up, and scale down what was summed before;
//    - weigh: exponentials 2^(score - bound) take the place of the scores and are added to the totals;
//    - values: 8 dimensions at a time, exponentials times values are added to the sums (unrolled as well).
// 3. Finish: y = sums / totals.
//
// The layout of the KV cache is in attention-kernels.ts, that of the scratch in inline/attention-scratch.ts. build.ts
// says why this file imports from dist.

/** How many heads the next tile takes if `heads` are left: as few tiles as possible, as equal as possible. */
// @ts-ignore: decorator
@inline
function tileOf(heads: i32): i32 {
  const tiles = (heads + MAX_TILE - 1) / MAX_TILE;
  return (heads + tiles - 1) / tiles;
}

function scores(quantized: bool, tile: i32, keys: usize, headDimension: i32, scratch: usize, groups: i32): void {
  if (quantized) {
    if (tile == 1) q8.scoresQ8x1(keys, headDimension, scratch, groups);
    else if (tile == 2) q8.scoresQ8x2(keys, headDimension, scratch, groups);
    else if (tile == 3) q8.scoresQ8x3(keys, headDimension, scratch, groups);
    else q8.scoresQ8x4(keys, headDimension, scratch, groups);
  } else {
    if (tile == 1) f32s.scoresF32x1(keys, headDimension, scratch, groups);
    else if (tile == 2) f32s.scoresF32x2(keys, headDimension, scratch, groups);
    else if (tile == 3) f32s.scoresF32x3(keys, headDimension, scratch, groups);
    else f32s.scoresF32x4(keys, headDimension, scratch, groups);
  }
}

function valuesQ8(tile: i32, values: usize, headDimension: i32, scratch: usize): void {
  for (let head = 0; head < tile; head++) weighQ8(scratch, head, values);
  // This is a loop of its own, so that it need not wait for results: the first head's greatest weight was computed in
  // the loop before, and is ready by now.
  for (let head = 0; head < tile; head++) quantizeWeights(scratch, head);
  values += KV_SCALES;
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

/**
 * Adds positions `first` to `last` of one page, counted from its start. `half`: bytes of the keys, which the values
 * follow.
 */
function addPage(quantized: bool, tile: i32, keys: usize, half: usize, headDimension: i32, scratch: usize, first: i32, last: i32): void {
  scores(quantized, tile, keys, headDimension, scratch, (last >> 3) + 1);
  if (first > 0) mask(tile, scratch, 0, first);
  if (last < PAGE_POSITIONS - 1) mask(tile, scratch, last + 1, PAGE_POSITIONS);
  for (let head = 0; head < tile; head++) raiseBound(tile, scratch, head, headDimension);
  if (quantized) valuesQ8(tile, keys + half, headDimension, scratch);
  else valuesF32(tile, keys + half, headDimension, scratch, <usize>first & 28, (<usize>last & 28) + 4);
}

/**
 * One row's heads of `count` key-value heads, which lie one after the other from `offset` on in each page, at positions
 * `first` to `last`. `query` and `y` are those of the first of these heads; `group` heads share a key-value head.
 */
function attendRow(
  quantized: bool,
  query: usize,
  y: usize,
  pageTable: usize,
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
  const half = <usize>kvHalfBytes(quantized, headDimension);
  const stride = <usize>attentionAreaBytes(headDimension);
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
  for (let page = first / PAGE_POSITIONS; page <= last / PAGE_POSITIONS; page++) {
    let keys = <usize>load<u32>(pageTable + (<usize>page << 2)) + offset;
    const from = max(0, first - page * PAGE_POSITIONS);
    const to = min(PAGE_POSITIONS - 1, last - page * PAGE_POSITIONS);
    if (count > 1) touch(keys, <usize>count * half * 2);
    area = scratch;
    for (let i = 0; i < count; i++, keys += half * 2)
      for (let rest = group; rest > 0; area += stride) {
        const tile = tileOf(rest);
        addPage(quantized, tile, keys, half, headDimension, area, from, to);
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

/**
 * All rows. A single row takes all key-value heads of a page together, in the order in which they lie in memory;
 * several rows use one key-value head after the other, so that its part of the cache serves row after row.
 */
function attend(
  quantized: bool,
  query: usize,
  queryStride: usize,
  y: usize,
  yStride: usize,
  pageTable: usize,
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
  const headBytes = <usize>kvHalfBytes(quantized, headDimension) * 2;
  const together = rows == 1 ? keyValueHeads : 1;
  const factor = scale * f32x4.extract_lane(v128.load(LOG2E), 0);
  for (let head = 0; head < keyValueHeads; head += together) {
    const from = offset + <usize>head * headBytes;
    const at = <usize>(head * group) * width;
    for (let row = 0; row < rows; row++) {
      const last = position + row;
      const first = window > 0 ? max(0, last - window + 1) : 0;
      const q = query + <usize>row * queryStride + at;
      const to = y + <usize>row * yStride + at;
      attendRow(quantized, q, to, pageTable, from, together, group, first, last, headDimension, factor, scratch);
    }
  }
}

/** See Kernels.attendF32. */
export function attendF32(
  query: usize,
  queryStride: usize,
  y: usize,
  yStride: usize,
  pageTable: usize,
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
  attend(false, query, queryStride, y, yStride, pageTable, offset, position, rows, heads, keyValueHeads, headDimension, scale, window, scratch);
}

/** See Kernels.attendQ8. */
export function attendQ8(
  query: usize,
  queryStride: usize,
  y: usize,
  yStride: usize,
  pageTable: usize,
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
  attend(true, query, queryStride, y, yStride, pageTable, offset, position, rows, heads, keyValueHeads, headDimension, scale, window, scratch);
}
