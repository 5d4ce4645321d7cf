import { lines } from './lines.ts';
import { Tile } from './tile.ts';

// q8Tile: many rows of x times q8 weights. It works as q4Tile does: a record of 8 outputs is widened once for all rows,
// into scratch that stays in the first-level cache. One instance, without the unrolling:
//
//   for each group of 8 outputs:
//     sums[all rows][8] = 0                               // float32, in scratch
//     for each block of 32 inputs:
//       1. widen: scratch[0..511] = codes in 16 bits;  scratch[512..543] = 8 block scales as float32
//       2. for 4 rows x0..x3 at a time:               // a tile: 2 vectors of outputs times 4 rows, 8 sums t0_0 .. t1_3
//            for step = 0..15:
//              w0 = v128.load(scratch, 32 step), w1 = v128.load(scratch, 32 step + 16)
//              s = v128.load32_splat(x0, 4 step);  t0_0 += dot_i16x8_s(s, w0);  t1_0 += dot_i16x8_s(s, w1)
//              ... x1, x2, x3, and a side exit
//            sums[row] += f32(t) * (block scales * scale of the row of x)
//     3. y = sums * row scales
//
// Each number is computed in the order of q8Row, so both give the same bits. Layouts: matrix-kernels.ts. Preconditions:
// x comes from quantizeForQ8 with 2 rows or more; scratch has matrixScratchBytes(rows).

/** Rows of x in a tile. */
const ROWS = 4;
/** Where a record's scales lie in scratch, after its 256 codes in 16 bits, and where the sums of all rows begin. */
const SCALES = 512;
const SUMS = 576;

export function q8Tile(): string {
  const block = new Tile(2, ROWS, 'x0');
  const step = (index: number) =>
    block.step({
      weights: (vector) => `v128.load(scratch, ${index * 32 + vector * 16})`,
      activations: (row) => `v128.load32_splat(x${row}, ${index * 4})`,
      add: (sum, x, w) => (sum ? `i32x4.add(${sum}, i32x4.dot_i16x8_s(${x}, ${w}))` : `i32x4.dot_i16x8_s(${x}, ${w})`),
      begins: index === 0,
    });
  const scaled = (row: number, vector: number) => {
    const at = row * 32 + vector * 16;
    const product = `f32x4.mul(f32x4.convert_i32x4_s(${block.sum(vector, row)}), f32x4.mul(scales${vector}, scale))`;
    return `v128.store(sum, f32x4.add(v128.load(sum, ${at}), ${product}), ${at});`;
  };
  return `
function q8Tile(activations: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, blocks: usize, scratch: usize): void {
  const zero = i32x4.splat(0);
  const padded = <usize>paddedRows(rows), sums = scratch + ${SUMS}, sumsEnd = sums + (padded << 5), rowsEnd = sums + (<usize>rows << 5);
  const recordStride = padded * Q8_ACTIVATIONS, end = activations + blocks * recordStride;
  let w = weights;
  for (let output = 0; output < outputs; output += 8) {
    for (let sum = sums; sum < sumsEnd; sum += 32) { v128.store(sum, zero); v128.store(sum, zero, 16); }
    for (let records = activations; records < end; records += recordStride) {
      ${lines(32, (index) => `v128.store(scratch, v128.load8x8_s(w, ${index * 8}), ${index * 16});`)}
      ${lines(2, (vector) => `v128.store(scratch, f32x4.convert_i32x4_s(v128.load16x4_s(w, Q8_SCALES + ${vector * 8})), ${SCALES + vector * 16});`)}
      w += Q8_RECORD;
      let x0 = records;
      for (let sum = sums; sum < sumsEnd; sum += ${ROWS * 32}) {
        const x1 = x0 + Q8_ACTIVATIONS, x2 = x1 + Q8_ACTIVATIONS, x3 = x2 + Q8_ACTIVATIONS;
        let ${block.sums.map((sum) => `${sum}: v128`).join(', ')};
        ${lines(16, step)}
        const scales0 = v128.load(scratch, ${SCALES}), scales1 = v128.load(scratch, ${SCALES + 16});
        ${lines(
          ROWS,
          (row) => `{ const scale = v128.load32_splat(x${row}, Q8_ACTIVATIONS_SCALE);
          ${scaled(row, 0)}
          ${scaled(row, 1)} }`,
        )}
        x0 += ${ROWS} * Q8_ACTIVATIONS;
      }
    }
    const rowScales0 = v128.load(w), rowScales1 = v128.load(w, 16);
    let to = y + (<usize>output << 2);
    for (let sum = sums; sum < rowsEnd; sum += 32) {
      v128.store(to, f32x4.mul(v128.load(sum), rowScales0));
      v128.store(to, f32x4.mul(v128.load(sum, 16), rowScales1), 16);
      to += yStride;
    }
    w += 32;
  }
}`;
}
