import { BLOCK_INPUTS, blocksOf, pairsOf, Q4_MINIMA_PAIR, Q4_RECORD, Q4_SCALES, Q8_RECORD, Q8_SCALES, q4GroupBytes, q8GroupBytes } from '../layout-sizes';
import { HALF_BITS, HALF_SCALE, HALF_SHIFT } from './inline/constants';
import { halfPlace, lowHalves } from './inline/half';

// Looks up rows of a packed matrix: finds the row's group and its place in it, and unpacks one element after the other.

/** See MatrixKernels.gatherQ4. */
export function gatherQ4(weights: usize, ids: usize, y: usize, yStride: usize, rows: i32, inputs: i32): void {
  const blocks = <usize>blocksOf(inputs);
  const groupBytes = <usize>q4GroupBytes(blocks);
  for (let row: usize = 0; row < <usize>rows; row++, y += yStride) {
    const id = <usize>load<u32>(ids + (row << 2));
    const group = weights + (id >> 3) * groupBytes;
    const minima = group + blocks * Q4_RECORD;
    const rowScales = minima + <usize>pairsOf(blocks) * Q4_MINIMA_PAIR + ((id & 7) << 2);
    const scale = load<f32>(rowScales);
    const minimumScale = load<f32>(rowScales, 32);
    for (let block: usize = 0; block < blocks; block++) {
      const record = group + block * Q4_RECORD;
      const codes = record + ((id & 7) << 2);
      const blockScale = <i32>load<i16>(record + Q4_SCALES + ((id & 3) << 2) + ((id & 4) >> 1));
      const minimum = <f32>(<i32>load<i16>(minima + (block >> 1) * Q4_MINIMA_PAIR + ((id & 7) << 2) + ((block & 1) << 1))) * minimumScale;
      const first = <i32>block * BLOCK_INPUTS;
      const end = min(inputs, first + BLOCK_INPUTS);
      for (let input = first; input < end; input++) {
        const byte = <i32>load<u8>(codes + ((<usize>(input & 24)) << 2) + ((input & 7) >> 1));
        const code = input & 1 ? byte >> 4 : byte & 15;
        store<f32>(y + ((<usize>input) << 2), <f32>(code * blockScale) * scale - minimum);
      }
    }
  }
}

/** See MatrixKernels.gatherQ8. */
export function gatherQ8(weights: usize, ids: usize, y: usize, yStride: usize, rows: i32, inputs: i32): void {
  const blocks = <usize>blocksOf(inputs);
  const groupBytes = <usize>q8GroupBytes(blocks);
  for (let row: usize = 0; row < <usize>rows; row++, y += yStride) {
    const id = <usize>load<u32>(ids + (row << 2));
    const group = weights + (id >> 3) * groupBytes;
    const scale = load<f32>(group + blocks * Q8_RECORD + ((id & 7) << 2));
    for (let block: usize = 0; block < blocks; block++) {
      const record = group + block * Q8_RECORD;
      const codes = record + ((id & 7) << 1);
      const blockScale = <i32>load<i16>(record + Q8_SCALES + ((id & 7) << 1));
      const first = <i32>block * BLOCK_INPUTS;
      const end = min(inputs, first + BLOCK_INPUTS);
      for (let input = first; input < end; input++) {
        const code = <i32>load<i8>(codes + ((<usize>(input & 30)) << 3) + (input & 1));
        store<f32>(y + ((<usize>input) << 2), <f32>(code * blockScale) * scale);
      }
    }
  }
}

/** See MatrixKernels.gatherF16. */
export function gatherF16(weights: usize, ids: usize, y: usize, yStride: usize, rows: i32, inputs: i32): void {
  const bits = v128.load(HALF_BITS);
  const shift = v128.load(HALF_SHIFT);
  const scale = v128.load(HALF_SCALE);
  for (let row: usize = 0; row < <usize>rows; row++, y += yStride) {
    const id = <usize>load<u32>(ids + (row << 2));
    let from = weights + (((id >> 4) * <usize>inputs) << 5) + halfPlace(id);
    for (let to = y; to < y + ((<usize>inputs) << 2); to += 4, from += 32)
      v128.store_lane<u32>(to, lowHalves(i32x4.splat(load<u16>(from)), bits, shift, scale), 0);
  }
}

/** See MatrixKernels.gatherF32. */
export function gatherF32(weights: usize, ids: usize, y: usize, yStride: usize, rows: i32, inputs: i32): void {
  for (let row: usize = 0; row < <usize>rows; row++, y += yStride) {
    const id = <usize>load<u32>(ids + (row << 2));
    let from = weights + (((id >> 4) * <usize>inputs) << 6) + ((id & 15) << 2);
    for (let to = y; to < y + ((<usize>inputs) << 2); to += 4, from += 64) store<u32>(to, load<u32>(from));
  }
}
