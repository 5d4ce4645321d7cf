import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

// addLowRank with matrices of 8 bits: y += (x Aᵀ) Bᵀ. One instance, for one row, without the unrolling:
//
//   quantize x in blocks of 32, to 16 bits                // 1. x Aᵀ: A is a q8 matrix
//   between = q8Rows1x1(x, A)
//   quantize between, in the same way                     // 2. times Bᵀ
//   for each panel of B, 8 of its outputs:
//     a0 = a1 = 0                                         // float32, outputs 0..3 and 4..7
//     for each block of up to 32 ranks:
//       for each pair of ranks:
//         s = two int16 of the block, repeated over the vector
//         t0 += dot_i16x8_s(load8x8_s(w), s)              // int32
//         t1 += dot_i16x8_s(load8x8_s(w, 8), s)
//       a0 += f32(t0) * scale of the block;  a1 += ...
//     y += a * f32(scales of the outputs)
//
// Sums within a block are exact, and blocks are added in their order, so that the number of rows does not change a
// result. Layouts: matrix-kernels.ts. Preconditions: rank is a multiple of 8; y has room for whole panels.

/** Ranks that are unrolled: a rank is a multiple of it. */
const UNROLLED = 8;

/** The source of lowRankQ8x<rows>, which needs q8Rows of as many rows in one stream. */
export function lowRankQ8(rows: number): string {
  const exits = new SideExits('x');
  const perRow = (piece: (row: number) => string) => lines(rows, piece);
  const perVector = (piece: (vector: number) => string) => lines(2, piece);
  const sums = names('t', 2 * rows);
  const splat = (row: number, lane: number) => `v128.shuffle<i32>(x${row}, x${row}, ${lane}, ${lane}, ${lane}, ${lane})`;
  const pair = (index: number) => `{ ${perRow((row) => `const s${row} = ${splat(row, index)};`)}
          ${perVector(
            (vector) => `{ const codes = v128.load8x8_s(w, ${index * 16 + vector * 8});
            ${perRow((row) => {
              const sum = sums[vector * rows + row];
              return `${sum} = i32x4.add(${sum}, i32x4.dot_i16x8_s(codes, s${row}));`;
            })} }`,
          )} }`;
  const scaled = (sum: number) => `a${sum} = f32x4.add(a${sum}, f32x4.mul(f32x4.convert_i32x4_s(t${sum}), scale${sum % rows}));`;
  const added = (vector: number) => `{ const scales = f32x4.convert_i32x4_s(v128.load16x4_s(w, ${vector * 8}));
      ${perRow((row) => {
        const at = `y + yStride * ${row}`;
        return `v128.store(${at}, f32x4.add(v128.load(${at}, ${vector * 16}), f32x4.mul(a${vector * rows + row}, scales)), ${vector * 16});`;
      })} }`;
  return `
function lowRankQ8x${rows}(
  x: usize, xStride: usize, down: usize, up: usize, y: usize, yStride: usize, inputs: usize, outputs: i32, rank: i32, scratch: usize,
): void {
  const padded = <usize>paddedRows(${rows}), recordStride = padded * Q8_ACTIVATIONS, blocks = <usize>blocksOf(inputs);
  const between = (scratch + blocks * recordStride + 15) & ~15, betweenStride = <usize>rank << 2, records = between + betweenStride * ${rows};
  quantizeForQ8(x, xStride, scratch, ${rows}, inputs);
  q8Rows${rows}x1(scratch, padded, down, between, betweenStride, <usize>rank >> 3, blocks);
  quantizeForQ8(between, betweenStride, records, ${rows}, rank);
  const zero = i32x4.splat(0);
  let w = up;
  for (const last = y + (<usize>outputs << 2); y < last; y += 32) {
    let ${sums.map((_, sum) => `a${sum} = zero`).join(', ')}, left = rank, record = records;
    do {
      let ${sums.map((sum) => `${sum} = zero`).join(', ')};
      for (let x = record, end = record + (<usize>min(left, 32) << 1); x < end; x += ${UNROLLED * 2}) {
        ${perRow((row) => `const x${row} = v128.load(x, ${row} * Q8_ACTIVATIONS);`)}
        ${lines(UNROLLED / 2, pair)}
        ${exits.next(sums)}
        w += ${UNROLLED * 8};
      }
      ${perRow((row) => `const scale${row} = v128.load32_splat(record, ${row} * Q8_ACTIVATIONS + Q8_ACTIVATIONS_SCALE);`)}
      ${lines(2 * rows, scaled)}
      record += recordStride;
      left -= 32;
    } while (left > 0);
    ${perVector(added)}
    w += 16;
  }
}`;
}
