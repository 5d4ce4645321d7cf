import { rounded } from './inline/round';
import { maximumOf } from './inline/reduce';

/** The block of a position: its page's address plus the block's offset from there. */
// @ts-ignore: decorator
@inline
function blockOf(pages: usize, position: i32, offset: usize): usize {
  return <usize>load<u32>(pages + ((<usize>position >> 5) << 2)) + offset;
}

/** See Kernels.appendF32. */
export function appendF32(
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  pages: usize,
  offset: usize,
  position: i32,
  rows: i32,
  keyValueHeads: i32,
  headDimension: i32,
): void {
  const width = <usize>headDimension << 2;
  const block = width << 6;
  for (let row = 0; row < rows; row++, position++, key += keyStride, value += valueStride) {
    const at = <usize>position & 31;
    for (let head = 0; head < keyValueHeads; head++) {
      const keys = blockOf(pages, position, offset + <usize>head * block);
      let k = keys + (at >> 3) * (width << 3) + ((at & 7) << 2);
      let v = keys + (block >> 1) + (at << 5);
      const from = <usize>head * width;
      for (let i = from; i < from + width; i += 4, k += 32) store<f32>(k, load<f32>(key + i));
      for (let i = from; i < from + width; i += 32, v += 1024) {
        v128.store(v, v128.load(value + i));
        v128.store(v, v128.load(value + i, 16), 16);
      }
    }
  }
}

/** What one step of a code of 8 bits stands for. */
function scaleOf(source: usize, width: usize): f32 {
  let m = f32x4.splat(0);
  for (let i: usize = 0; i < width; i += 16) m = f32x4.pmax(m, f32x4.abs(v128.load(source + i)));
  return f32x4.extract_lane(maximumOf(m), 0) / 127;
}

/** A scale so small that its inverse is none stands for zeros. */
// @ts-ignore: decorator
@inline
function inverseOf(scale: f32): v128 {
  return f32x4.splat(scale > 1e-37 ? 1 / scale : 0);
}

/** Eight codes of 16 bits. */
// @ts-ignore: decorator
@inline
function codesOf(source: usize, inverse: v128): v128 {
  const low = rounded(f32x4.mul(v128.load(source), inverse));
  return i16x8.narrow_i32x4_s(low, rounded(f32x4.mul(v128.load(source, 16), inverse)));
}

/** See Kernels.appendQ8. */
export function appendQ8(
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  pages: usize,
  offset: usize,
  position: i32,
  rows: i32,
  keyValueHeads: i32,
  headDimension: i32,
): void {
  const width = <usize>headDimension << 2;
  const block = (<usize>headDimension << 6) + 256;
  for (let row = 0; row < rows; row++, position++, key += keyStride, value += valueStride) {
    const at = <usize>position & 31;
    for (let head = 0; head < keyValueHeads; head++) {
      const keys = blockOf(pages, position, offset + <usize>head * block);
      const values = keys + (block >> 1);
      const k = keys + 128 + (at >> 3) * (width << 1) + ((at & 7) << 1);
      const v = values + 128 + ((at >> 1) << 4) + (at & 1);
      appendKey(key + <usize>head * width, width, k, keys + (at << 2));
      appendValue(value + <usize>head * width, width, v, values + (at << 2));
    }
  }
}

/** Pairs of elements, 16 bytes apart. */
function appendKey(source: usize, width: usize, k: usize, scale: usize): void {
  const s = scaleOf(source, width);
  const inverse = inverseOf(s);
  store<f32>(scale, s);
  for (let i: usize = 0; i < width; i += 32, k += 64) {
    const codes = i8x16.narrow_i16x8_s(codesOf(source + i, inverse), v128.splat<i32>(0));
    v128.store_lane<u16>(k, codes, 0);
    v128.store_lane<u16>(k, codes, 1, 16);
    v128.store_lane<u16>(k, codes, 2, 32);
    v128.store_lane<u16>(k, codes, 3, 48);
  }
}

/** Elements 2 bytes apart, in eights 256 bytes apart. */
function appendValue(source: usize, width: usize, v: usize, scale: usize): void {
  const s = scaleOf(source, width);
  const inverse = inverseOf(s);
  store<f32>(scale, s);
  for (let i: usize = 0; i < width; i += 32, v += 256) {
    const codes = codesOf(source + i, inverse);
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
