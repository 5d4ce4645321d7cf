import { lines } from './lines.ts';
import { lowRankFloats } from './low-rank-floats.ts';
import { lowRankQ8 } from './low-rank-q8.ts';
import { q8Rows } from './q8-rows.ts';

/** Rows that are multiplied at once: as many as V8 has registers for. */
const ROWS = { f32: [2, 1], q8: [4, 2, 1] } as const;

/** The source of addLowRank. */
export function lowRank(): string {
  const forRows = (counts: readonly number[], call: (rows: number) => string) =>
    lines(
      counts.length,
      (index) => `for (; rows >= ${counts[index]}; rows -= ${counts[index]}) {
      ${call(counts[index])};
      x += xStride * ${counts[index]}; y += yStride * ${counts[index]};
    }`,
    );
  const operands = 'x, xStride, down, up, y, yStride, inputs, outputs, rank, scratch';
  return `
import { blocksOf, paddedRows, Q8_ACTIVATIONS, Q8_ACTIVATIONS_SCALE, Q8_RECORD, Q8_ROW_SCALES, Q8_SCALES, q8GroupBytes } from '../../../src/kernels/layout-sizes';
import { quantizeForQ8 } from '../../../src/kernels/assembly/quantize-for-q8';
${ROWS.f32.map(lowRankFloats).join('\n')}
${ROWS.q8.map((rows) => q8Rows(rows, 1) + lowRankQ8(rows)).join('\n')}

/** See MatrixKernels.addLowRank. */
export function addLowRank(
  x: usize, xStride: usize, down: usize, up: usize, y: usize, yStride: usize, rows: i32, inputs: i32, outputs: i32, rank: i32,
  isQuantized: i32, scratch: usize,
): void {
  if (isQuantized) {
    ${forRows(ROWS.q8, (rows) => `lowRankQ8x${rows}(${operands})`)}
  } else {
    ${forRows(ROWS.f32, (rows) => `lowRankF32x${rows}(${operands})`)}
  }
}
`;
}
