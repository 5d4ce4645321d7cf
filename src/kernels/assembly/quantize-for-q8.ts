import { blocksOf, paddedRows, Q8_ACTIVATIONS, Q8_ACTIVATIONS_SCALE } from '../layout-sizes';
import { ROUND } from './inline/constants';
import { absMax, lastBlock, SMALLEST_SCALE } from './inline/quantization';
import { maxOfLanes, round } from './inline/vectors';

/**
 * See MatrixKernels.quantizeForQ8. For each block of 32 inputs, held in 8 vectors v0..v7: find the largest magnitude,
 * round all inputs to codes of 16 bits, and store these with their scale. Padding rows are filled with zeros.
 * Precondition: rows of x start at multiples of 16 bytes.
 */
export function quantizeForQ8(x: usize, xStride: usize, activations: usize, rows: i32, inputs: i32): void {
  const blocks = <usize>blocksOf(inputs);
  const padded = <usize>paddedRows(rows);
  const recordStride = padded * Q8_ACTIVATIONS;
  const rounder = v128.load(ROUND);
  for (let row: usize = 0; row < padded; row++) {
    let record = activations + row * Q8_ACTIVATIONS;
    if (row >= <usize>rows) {
      for (let block: usize = 0; block < blocks; block++, record += recordStride) memory.fill(record, 0, Q8_ACTIVATIONS);
      continue;
    }
    let from = x + row * xStride;
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
      const inverse = f32x4.splat(some ? 32767 / most : 0);
      v128.store(record, i16x8.narrow_i32x4_s(round(f32x4.mul(v0, inverse), rounder), round(f32x4.mul(v1, inverse), rounder)));
      v128.store(record, i16x8.narrow_i32x4_s(round(f32x4.mul(v2, inverse), rounder), round(f32x4.mul(v3, inverse), rounder)), 16);
      v128.store(record, i16x8.narrow_i32x4_s(round(f32x4.mul(v4, inverse), rounder), round(f32x4.mul(v5, inverse), rounder)), 32);
      v128.store(record, i16x8.narrow_i32x4_s(round(f32x4.mul(v6, inverse), rounder), round(f32x4.mul(v7, inverse), rounder)), 48);
      store<f32>(record, some ? most / 32767 : 0, Q8_ACTIVATIONS_SCALE);
      from += 128;
      record += recordStride;
    }
  }
}
