import type { QuantizedBlocks, SourceTensor, TensorSource, TensorValues } from './tensor-source.ts';

/**
 * Values of a piece of a matrix that is read row by row. A table of 150,000 tokens takes half a gigabyte as float32, and
 * pieces of it 4 MiB each.
 */
export const PIECE_VALUES = 2 ** 20;

/** Reads a matrix from its first row to its last, in pieces of whole rows. */
export async function* rowPieces(weights: TensorSource, { name, shape: [rows, columns] }: SourceTensor): AsyncGenerator<TensorValues> {
  const atOnce = Math.max(1, Math.floor(PIECE_VALUES / columns));
  for (let start = 0; start < rows; start += atOnce) yield await weights.readRows(name, start, Math.min(atOnce, rows - start));
}

/** Returns some rows of a matrix that has been read as a whole. */
export function sliceRows({ values, blocks }: TensorValues, rows: number, start: number, count: number): TensorValues {
  const slice = <T extends Float32Array | Uint8Array>(part: T): T => {
    const inRow = part.length / rows;
    return part.subarray(start * inRow, (start + count) * inRow) as T;
  };
  if (!blocks) return { values: slice(values) };
  const { bits, codes, scales, zeroPoints } = blocks;
  const cut: QuantizedBlocks = { bits, codes: slice(codes), scales: slice(scales), zeroPoints: slice(zeroPoints) };
  return { values: slice(values), blocks: cut };
}
