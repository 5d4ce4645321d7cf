import type { TensorValues } from './tensor-source.ts';

/**
 * Puts the rows of a tensor into another order. Blocks move as a whole with their rows.
 * @param rows how many rows the tensor has
 * @param sourceOf the row that comes to a place
 */
export function reorderRows({ values, blocks }: TensorValues, rows: number, sourceOf: (row: number) => number): TensorValues {
  const move = <T extends Float32Array | Uint8Array>(source: T): T => {
    const columns = source.length / rows;
    const target = source.slice() as T;
    for (let row = 0; row < rows; row++) {
      const from = sourceOf(row) * columns;
      target.set(source.subarray(from, from + columns), row * columns);
    }
    return target;
  };
  if (!blocks) return { values: move(values) };
  const { bits, codes, scales, zeroPoints } = blocks;
  return { values: move(values), blocks: { bits, codes: move(codes), scales: move(scales), zeroPoints: move(zeroPoints) } };
}
