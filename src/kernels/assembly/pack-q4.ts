import { blocksOf, MAX_MINIMUM, pairsOf, Q4_MINIMA_PAIR, Q4_RECORD, Q4_SCALES, q4GroupBytes } from '../layout-sizes';
import { SMALLEST_SCALE, toInteger } from './inline/quantization';

/**
 * See MatrixKernels.packQ4Codes. A block's 16 bytes are 4 words of 8 codes. Each word keeps its bytes and goes to the
 * row's place in the next 32 bytes of the record.
 */
export function packQ4Codes(source: usize, first: u32, count: u32, weights: usize, inputs: i32): void {
  const blocks = <usize>blocksOf(inputs);
  const groupBytes = <usize>q4GroupBytes(blocks);
  const end = source + ((<usize>count) << 4);
  let row = <usize>first / blocks;
  let block = <usize>first % blocks;
  while (source < end) {
    const rowEnd = min(end, source + ((blocks - block) << 4));
    let record = weights + (row >> 3) * groupBytes + block * Q4_RECORD + ((row & 7) << 2);
    for (; source < rowEnd; source += 16, record += Q4_RECORD) {
      const codes = v128.load(source);
      v128.store_lane<u32>(record, codes, 0, 0);
      v128.store_lane<u32>(record, codes, 1, 32);
      v128.store_lane<u32>(record, codes, 2, 64);
      v128.store_lane<u32>(record, codes, 3, 96);
    }
    row++;
    block = 0;
  }
}

/** Scale times zero point: what a block's weights subtract. */
// @ts-ignore: decorator
@inline
function minimumOf(scale: f32, zeroPoints: usize, kind: i32, row: usize, block: usize, blocks: usize): f32 {
  if (kind == 0) return scale * 8;
  if (kind == 2) return scale * load<f32>(zeroPoints + ((row * blocks + block) << 2));
  const byte = load<u8>(zeroPoints + row * ((blocks + 1) >> 1) + (block >> 1));
  return scale * <f32>(<i32>(block & 1 ? byte >> 4 : byte & 15));
}

/**
 * See MatrixKernels.packQ4Scales. First it finds the largest scale and minimum of a row, then it stores all as
 * multiples of these.
 */
export function packQ4Scales(
  scales: usize,
  zeroPoints: usize,
  zeroPointKind: i32,
  firstRow: u32,
  rows: u32,
  weights: usize,
  inputs: i32,
): void {
  const blocks = <usize>blocksOf(inputs);
  const groupBytes = <usize>q4GroupBytes(blocks);
  for (let row: usize = 0; row < <usize>rows; row++) {
    const output = <usize>firstRow + row;
    const group = weights + (output >> 3) * groupBytes;
    const minima = group + blocks * Q4_RECORD;
    const rowScale = minima + <usize>pairsOf(blocks) * Q4_MINIMA_PAIR + ((output & 7) << 2);
    const from = scales + ((row * blocks) << 2);
    let mostScale: f32 = 0;
    let mostMinimum: f32 = 0;
    for (let block: usize = 0; block < blocks; block++) {
      const scale = load<f32>(from + (block << 2));
      mostScale = max(mostScale, abs(scale));
      mostMinimum = max(mostMinimum, abs(minimumOf(scale, zeroPoints, zeroPointKind, row, block, blocks)));
    }
    const anyScale = mostScale > SMALLEST_SCALE;
    const anyMinimum = mostMinimum > SMALLEST_SCALE;
    const toScale: f32 = anyScale ? 32767 / mostScale : 0;
    const toMinimum: f32 = anyMinimum ? <f32>MAX_MINIMUM / mostMinimum : 0;
    store<f32>(rowScale, anyScale ? mostScale / 32767 : 0);
    store<f32>(rowScale, anyMinimum ? mostMinimum / <f32>MAX_MINIMUM : 0, 32);
    const scaleAt = group + Q4_SCALES + ((output & 3) << 2) + ((output & 4) >> 1);
    const minimumAt = minima + ((output & 7) << 2);
    for (let block: usize = 0; block < blocks; block++) {
      const scale = load<f32>(from + (block << 2));
      store<u16>(scaleAt + block * Q4_RECORD, toInteger(scale * toScale));
      const minimum = minimumOf(scale, zeroPoints, zeroPointKind, row, block, blocks);
      store<u16>(minimumAt + (block >> 1) * Q4_MINIMA_PAIR + ((block & 1) << 1), toInteger(minimum * toMinimum));
    }
  }
}
