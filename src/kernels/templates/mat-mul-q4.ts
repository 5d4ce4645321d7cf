import { lines } from './lines.ts';
import { q4Rows } from './q4-rows.ts';
import { q4Tile } from './q4-tile.ts';
import type { Variant } from './variant.ts';

/** The source of matMulQ4. */
export function matMulQ4({ blockSums, streams: { q4: streams } }: Variant): string {
  const kernels = new Set(streams.flatMap((count, index) => [`${index + 1} ${count}`, `${index + 1} 1`]));
  return `
import { NIBBLES, ROUND } from '../../../src/kernels/assembly/inline/constants';
import { firstPanel, panelsOfStream } from '../../../src/kernels/assembly/inline/streams';
import { dot, dotAdd } from '../../../src/kernels/assembly/inline/vectors';
import { blocksOf, paddedRows, pairsOf, Q4_ACTIVATIONS, Q4_ACTIVATIONS_SCALE, Q4_MINIMA_PAIR, Q4_RECORD, Q4_ROW_SCALES, Q4_SCALES, q4GroupBytes } from '../../../src/kernels/layout-sizes';
${[...kernels].map((kernel) => q4Rows(...(kernel.split(' ').map(Number) as [number, number]), blockSums)).join('\n')}
${q4Tile(blockSums)}

/** See MatrixKernels.matMulQ4. Up to 7 rows are multiplied straight from the packed codes, more of them by the tile. */
export function matMulQ4(
  activations: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, inputs: i32, scratch: usize,
): void {
  const blocks = <usize>blocksOf(inputs);
  if (rows > 7) return q4Tile(activations, weights, y, yStride, rows, outputs, blocks, scratch);
  const panels = (<usize>outputs + 7) >> 3, padded = <usize>paddedRows(rows), blockSums = activations + blocks * padded * Q4_ACTIVATIONS;
  ${lines(4, (index) => `if (rows == ${index + 1}) return q4Rows${index + 1}x${streams[index]}(activations, blockSums, padded, weights, y, yStride, panels, blocks);`)}
  // The other rows follow while the panel is in the first-level cache.
  const panelBytes = <usize>q4GroupBytes(blocks), others = activations + 4 * Q4_ACTIVATIONS, otherY = yStride << 2;
  for (const last = y + (panels << 5); y < last; y += 32, weights += panelBytes) {
    q4Rows4x1(activations, blockSums, padded, weights, y, yStride, 1, blocks);
    if (rows == 5) q4Rows1x1(others, blockSums + 16, padded, weights, y + otherY, yStride, 1, blocks);
    else if (rows == 6) q4Rows2x1(others, blockSums + 16, padded, weights, y + otherY, yStride, 1, blocks);
    else q4Rows3x1(others, blockSums + 16, padded, weights, y + otherY, yStride, 1, blocks);
  }
}
`;
}
