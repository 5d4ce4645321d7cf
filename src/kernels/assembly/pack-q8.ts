import { blocksOf, Q8_RECORD, Q8_SCALES, q8GroupBytes } from '../layout-sizes';
import { CODE_BIAS } from './inline/constants';
import { SMALLEST_SCALE, toInteger } from './inline/quantization';

/** Scatters 16 codes of one output as 8 pairs, 16 bytes apart. */
// @ts-ignore: decorator
@inline
function storePairs(record: usize, codes: v128): void {
  v128.store_lane<u16>(record, codes, 0, 0);
  v128.store_lane<u16>(record, codes, 1, 16);
  v128.store_lane<u16>(record, codes, 2, 32);
  v128.store_lane<u16>(record, codes, 3, 48);
  v128.store_lane<u16>(record, codes, 4, 64);
  v128.store_lane<u16>(record, codes, 5, 80);
  v128.store_lane<u16>(record, codes, 6, 96);
  v128.store_lane<u16>(record, codes, 7, 112);
}

/** See MatrixKernels.packQ8Codes. Flipping the highest bit turns codes around 128 into signed ones. */
export function packQ8Codes(source: usize, first: u32, count: u32, weights: usize, inputs: i32): void {
  const blocks = <usize>blocksOf(inputs);
  const groupBytes = <usize>q8GroupBytes(blocks);
  const end = source + ((<usize>count) << 5);
  const bias = v128.load(CODE_BIAS);
  let row = <usize>first / blocks;
  let block = <usize>first % blocks;
  while (source < end) {
    const rowEnd = min(end, source + ((blocks - block) << 5));
    let record = weights + (row >> 3) * groupBytes + block * Q8_RECORD + ((row & 7) << 1);
    for (; source < rowEnd; source += 32, record += Q8_RECORD) {
      storePairs(record, v128.xor(v128.load(source), bias));
      storePairs(record + 128, v128.xor(v128.load(source, 16), bias));
    }
    row++;
    block = 0;
  }
}

/** See MatrixKernels.packQ8Scales. */
export function packQ8Scales(scales: usize, firstRow: u32, rows: u32, weights: usize, inputs: i32): void {
  const blocks = <usize>blocksOf(inputs);
  const groupBytes = <usize>q8GroupBytes(blocks);
  for (let row: usize = 0; row < <usize>rows; row++) {
    const output = <usize>firstRow + row;
    const group = weights + (output >> 3) * groupBytes;
    const from = scales + ((row * blocks) << 2);
    let most: f32 = 0;
    for (let block: usize = 0; block < blocks; block++) most = max(most, abs(load<f32>(from + (block << 2))));
    const any = most > SMALLEST_SCALE;
    const toScale: f32 = any ? 32767 / most : 0;
    store<f32>(group + blocks * Q8_RECORD + ((output & 7) << 2), any ? most / 32767 : 0);
    const scaleAt = group + Q8_SCALES + ((output & 7) << 1);
    for (let block: usize = 0; block < blocks; block++)
      store<u16>(scaleAt + block * Q8_RECORD, toInteger(load<f32>(from + (block << 2)) * toScale));
  }
}
