import { KV_SCALES, kvHalfBytes, PAGE_POSITIONS } from '../layout-sizes';
import { ROUND } from './inline/constants';
import { codesOf, greatestMagnitude, inverseOf } from './inline/quantization';

// Appends keys and values to the KV cache; attention-kernels.ts draws its layouts. For each new position and key-value
// head:
//
// 1. Find the page in the page table, and the head's keys in the page; its values follow them.
// 2. In an F32 cache, scatter the key, so that 8 positions of one dimension lie side by side, and copy the value in
//    eights of dimensions.
//    In a Q8 cache, find the greatest magnitude, store the scale, and scatter codes of 8 bits: those of the key in
//    pairs of dimensions, those of the value so that two positions of one dimension lie side by side.
//
// Preconditions: headDimension is a multiple of 8; rows of `key` and `value` start at multiples of 16 bytes.

/** Bytes of 8 dimensions of all positions of a page in the values: float32, or codes. */
const F32_EIGHT: usize = PAGE_POSITIONS * 8 * 4;
const Q8_EIGHT: usize = PAGE_POSITIONS * 8;

/** The address in the position's page that lies `offset` bytes after the page's own. */
// @ts-ignore: decorator
@inline
function inPage(pageTable: usize, position: i32, offset: usize): usize {
  return <usize>load<u32>(pageTable + ((<usize>position / PAGE_POSITIONS) << 2)) + offset;
}

/** See Kernels.appendF32. */
export function appendF32(
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  pageTable: usize,
  offset: usize,
  position: i32,
  rows: i32,
  keyValueHeads: i32,
  headDimension: i32,
): void {
  const width = <usize>headDimension << 2;
  const half = <usize>kvHalfBytes(false, headDimension);
  for (let row = 0; row < rows; row++, position++, key += keyStride, value += valueStride) {
    const at = <usize>position % PAGE_POSITIONS;
    for (let head = 0; head < keyValueHeads; head++) {
      const keys = inPage(pageTable, position, offset + <usize>head * half * 2);
      let k = keys + (at >> 3) * (width << 3) + ((at & 7) << 2);
      let v = keys + half + (at << 5);
      const from = <usize>head * width;
      for (let i = from; i < from + width; i += 4, k += 32) store<f32>(k, load<f32>(key + i));
      for (let i = from; i < from + width; i += 32, v += F32_EIGHT) {
        v128.store(v, v128.load(value + i));
        v128.store(v, v128.load(value + i, 16), 16);
      }
    }
  }
}

/** See Kernels.appendQ8. */
export function appendQ8(
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  pageTable: usize,
  offset: usize,
  position: i32,
  rows: i32,
  keyValueHeads: i32,
  headDimension: i32,
): void {
  const width = <usize>headDimension << 2;
  const half = <usize>kvHalfBytes(true, headDimension);
  for (let row = 0; row < rows; row++, position++, key += keyStride, value += valueStride) {
    const at = <usize>position % PAGE_POSITIONS;
    for (let head = 0; head < keyValueHeads; head++) {
      const keys = inPage(pageTable, position, offset + <usize>head * half * 2);
      const values = keys + half;
      const k = keys + KV_SCALES + (at >> 3) * (width << 1) + ((at & 7) << 1);
      const v = values + KV_SCALES + ((at >> 1) << 4) + (at & 1);
      appendKey(key + <usize>head * width, width, k, keys + (at << 2));
      appendValue(value + <usize>head * width, width, v, values + (at << 2));
    }
  }
}

/** Stores the key's scale, and its codes at `k`: pairs of dimensions, 16 bytes apart. */
function appendKey(source: usize, width: usize, k: usize, scale: usize): void {
  const step = greatestMagnitude(source, width) / 127;
  const inverse = inverseOf(step);
  const rounder = v128.load(ROUND);
  store<f32>(scale, step);
  for (let i: usize = 0; i < width; i += 32, k += 64) {
    const codes = i8x16.narrow_i16x8_s(codesOf(source + i, inverse, rounder), v128.splat<i32>(0));
    v128.store_lane<u16>(k, codes, 0);
    v128.store_lane<u16>(k, codes, 1, 16);
    v128.store_lane<u16>(k, codes, 2, 32);
    v128.store_lane<u16>(k, codes, 3, 48);
  }
}

/** Stores the value's scale, and its codes at `v`: dimensions 2 bytes apart, eights of them Q8_EIGHT bytes apart. */
function appendValue(source: usize, width: usize, v: usize, scale: usize): void {
  const step = greatestMagnitude(source, width) / 127;
  const inverse = inverseOf(step);
  const rounder = v128.load(ROUND);
  store<f32>(scale, step);
  for (let i: usize = 0; i < width; i += 32, v += Q8_EIGHT) {
    const codes = codesOf(source + i, inverse, rounder);
    v128.store_lane<u8>(v, codes, 0);
    v128.store_lane<u8>(v, codes, 2, 2);
    v128.store_lane<u8>(v, codes, 4, 4);
    v128.store_lane<u8>(v, codes, 6, 6);
    v128.store_lane<u8>(v, codes, 8, 8);
    v128.store_lane<u8>(v, codes, 10, 10);
    v128.store_lane<u8>(v, codes, 12, 12);
    v128.store_lane<u8>(v, codes, 14, 14);
  }
}
