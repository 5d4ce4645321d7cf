import { q8Row } from './q8-row.ts';
import { q8Tile } from './q8-tile.ts';

/** The source of matMulQ8. */
export function matMulQ8(): string {
  return `
import { blocksOf, paddedRows, Q8_ACTIVATIONS, Q8_ACTIVATIONS_SCALE, Q8_RECORD, Q8_SCALES } from '../../../src/kernels/layout-sizes';
${q8Row()}
${q8Tile()}

/** See MatrixKernels.matMulQ8. */
export function matMulQ8(
  activations: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, inputs: i32, scratch: usize,
): void {
  if (rows == 1) q8Row(activations, weights, y, outputs, <usize>blocksOf(inputs));
  else q8Tile(activations, weights, y, yStride, rows, outputs, <usize>blocksOf(inputs), scratch);
}
`;
}
