import { q4Row } from './q4-row.ts';
import { q4Tile } from './q4-tile.ts';

/** The source of matMulQ4. */
export function matMulQ4(): string {
  return `
import { LOW_HALVES, NIBBLES } from '../../../src/kernels/assembly/inline/constants';
import { dot } from '../../../src/kernels/assembly/inline/vectors';
import { blocksOf, paddedRows, pairsOf, Q4_ACTIVATIONS, Q4_ACTIVATIONS_SCALE, Q4_MINIMA_PAIR, Q4_RECORD, Q4_SCALES } from '../../../src/kernels/layout-sizes';
${q4Row()}
${q4Tile()}

/** See MatrixKernels.matMulQ4. */
export function matMulQ4(
  activations: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, inputs: i32, scratch: usize,
): void {
  if (rows == 1) q4Row(activations, weights, y, outputs, <usize>blocksOf(inputs));
  else q4Tile(activations, weights, y, yStride, rows, outputs, <usize>blocksOf(inputs), scratch);
}
`;
}
