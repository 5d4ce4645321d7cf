import { lines } from './lines.ts';
import { q8Rows } from './q8-rows.ts';
import { q8Tile } from './q8-tile.ts';
import type { Variant } from './variant.ts';

/** The source of matMulQ8. */
export function matMulQ8({ streams: { q8: streams } }: Variant): string {
  const kernels = new Set(streams.flatMap((count, index) => [`${index + 1} ${count}`, `${index + 1} 1`]));
  return `
import { firstPanel, panelsOfStream } from '../../../src/kernels/assembly/inline/streams';
import { blocksOf, paddedRows, Q8_ACTIVATIONS, Q8_ACTIVATIONS_SCALE, Q8_RECORD, Q8_ROW_SCALES, Q8_SCALES, q8GroupBytes } from '../../../src/kernels/layout-sizes';
${[...kernels].map((kernel) => q8Rows(...(kernel.split(' ').map(Number) as [number, number]))).join('\n')}
${q8Tile()}

/** See MatrixKernels.matMulQ8. Up to 7 rows are multiplied straight from the packed codes, more of them by the tile. */
export function matMulQ8(
  activations: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, inputs: i32, scratch: usize,
): void {
  const blocks = <usize>blocksOf(inputs);
  if (rows > 7) return q8Tile(activations, weights, y, yStride, rows, outputs, blocks, scratch);
  const panels = (<usize>outputs + 7) >> 3, padded = <usize>paddedRows(rows);
  ${lines(4, (index) => `if (rows == ${index + 1}) return q8Rows${index + 1}x${streams[index]}(activations, padded, weights, y, yStride, panels, blocks);`)}
  // The other rows follow while the panel is in the first-level cache.
  const panelBytes = <usize>q8GroupBytes(blocks), others = activations + 4 * Q8_ACTIVATIONS, otherY = yStride << 2;
  for (const last = y + (panels << 5); y < last; y += 32, weights += panelBytes) {
    q8Rows4x1(activations, padded, weights, y, yStride, 1, blocks);
    if (rows == 5) q8Rows1x1(others, padded, weights, y + otherY, yStride, 1, blocks);
    else if (rows == 6) q8Rows2x1(others, padded, weights, y + otherY, yStride, 1, blocks);
    else q8Rows3x1(others, padded, weights, y + otherY, yStride, 1, blocks);
  }
}
`;
}
