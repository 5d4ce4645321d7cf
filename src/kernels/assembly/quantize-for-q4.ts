import { blocksOf, MAX_MINIMUM, paddedRows, pairsOf, Q4_ACTIVATIONS, Q4_ACTIVATIONS_SCALE } from '../layout-sizes';
import { ROUND } from './inline/constants';
import { absMax, lastBlock, SMALLEST_SCALE } from './inline/quantization';
import { maxOfLanes, round, sumOfIntegers } from './inline/vectors';

/**
 * See MatrixKernels.quantizeForQ4. For each row:
 *
 * 1. For each block of 32 inputs, held in 8 vectors v0..v7: find the largest magnitude, round all inputs to codes
 *    i0..i7, and store these with their scale. Of each eight codes the even ones stand first, [0 2 4 6 1 3 5 7], as the
 *    nibbles of MatMulNBits' bytes meet them.
 * 2. Keep the block's sum as a float in the working space after everything else, until the largest sum of the row is
 *    known.
 * 3. Quantize the sums, and store them with their scale.
 *
 * Padding rows are filled with zeros. Precondition: rows of x start at multiples of 16 bytes.
 */
export function quantizeForQ4(x: usize, xStride: usize, activations: usize, rows: i32, inputs: i32): void {
  const blocks = <usize>blocksOf(inputs);
  const padded = <usize>paddedRows(rows);
  const recordStride = padded * Q4_ACTIVATIONS;
  const sums = activations + blocks * recordStride;
  const pairs = <usize>pairsOf(blocks);
  const sumStride = padded << 2;
  const sumScales = sums + pairs * sumStride;
  const work = sumScales + sumStride;
  const rounder = v128.load(ROUND);
  const sumLimit = <f32>min<i32>(32767, 0x7fffffff / (MAX_MINIMUM * <i32>blocks));
  for (let row: usize = 0; row < padded; row++) {
    let record = activations + row * Q4_ACTIVATIONS;
    let sum = sums + (row << 2);
    if (row >= <usize>rows) {
      for (let block: usize = 0; block < blocks; block++, record += recordStride) memory.fill(record, 0, Q4_ACTIVATIONS);
      for (let pair: usize = 0; pair < pairs; pair++, sum += sumStride) store<u32>(sum, 0);
      store<f32>(sumScales + (row << 2), 0);
      continue;
    }
    let largest: f32 = 0;
    let from = x + row * xStride;
    let last = work;
    for (let left = inputs; left > 0; left -= 32) {
      const at = left < 32 ? lastBlock(from, left) : from;
      const v0 = v128.load(at);
      const v1 = v128.load(at, 16);
      const v2 = v128.load(at, 32);
      const v3 = v128.load(at, 48);
      const v4 = v128.load(at, 64);
      const v5 = v128.load(at, 80);
      const v6 = v128.load(at, 96);
      const v7 = v128.load(at, 112);
      const magnitudes = f32x4.pmax(f32x4.pmax(absMax(v0, v1), absMax(v2, v3)), f32x4.pmax(absMax(v4, v5), absMax(v6, v7)));
      const most = f32x4.extract_lane(maxOfLanes(magnitudes), 0);
      const some = most > SMALLEST_SCALE;
      const scale: f32 = some ? most / 127 : 0;
      const inverse = f32x4.splat(some ? 127 / most : 0);
      const i0 = round(f32x4.mul(v0, inverse), rounder);
      const i1 = round(f32x4.mul(v1, inverse), rounder);
      const i2 = round(f32x4.mul(v2, inverse), rounder);
      const i3 = round(f32x4.mul(v3, inverse), rounder);
      const i4 = round(f32x4.mul(v4, inverse), rounder);
      const i5 = round(f32x4.mul(v5, inverse), rounder);
      const i6 = round(f32x4.mul(v6, inverse), rounder);
      const i7 = round(f32x4.mul(v7, inverse), rounder);
      const first = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(i0, i1), i16x8.narrow_i32x4_s(i2, i3));
      const second = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(i4, i5), i16x8.narrow_i32x4_s(i6, i7));
      v128.store(record, v128.shuffle<i8>(first, first, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
      v128.store(record, v128.shuffle<i8>(second, second, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15), 16);
      store<f32>(record, scale, Q4_ACTIVATIONS_SCALE);
      const total = sumOfIntegers(
        i32x4.add(i32x4.add(i32x4.add(i0, i1), i32x4.add(i2, i3)), i32x4.add(i32x4.add(i4, i5), i32x4.add(i6, i7))),
      );
      const blockSum = scale * <f32>total;
      store<f32>(last, blockSum);
      largest = max(largest, abs(blockSum));
      from += 128;
      record += recordStride;
      last += 4;
    }
    if (blocks & 1) store<f32>(last, 0);
    const some = largest > SMALLEST_SCALE;
    const inverse: f32 = some ? sumLimit / largest : 0;
    store<f32>(sumScales + (row << 2), some ? largest / sumLimit : 0);
    for (let pair: usize = 0; pair < pairs; pair++, sum += sumStride) {
      store<i16>(sum, <i16>nearest(load<f32>(work + (pair << 3)) * inverse));
      store<i16>(sum, <i16>nearest(load<f32>(work + (pair << 3), 4) * inverse), 2);
    }
  }
}
