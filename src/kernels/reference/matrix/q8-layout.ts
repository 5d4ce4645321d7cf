import { paddedRows } from '../../matrix-layouts.ts';

/** A packed q8 matrix: where each number's element lies in its view. */
export function q8Weights(weights: number, inputs: number) {
  const blocks = Math.ceil(inputs / 32);
  const group = (output: number) => weights + (output >> 3) * (blocks * 272 + 32);
  const record = (output: number, block: number) => group(output) + block * 272;
  return {
    blocks,
    /** In i8. */
    code: (output: number, input: number) => record(output, input >> 5) + ((input & 31) >> 1) * 16 + (output & 7) * 2 + (input & 1),
    /** In i16. */
    scale: (output: number, block: number) => ((record(output, block) + 256) >> 1) + (output & 7),
    /** In f32. */
    rowScale: (output: number) => ((group(output) + blocks * 272) >> 2) + (output & 7),
  };
}

/** Rows of x, quantized for q8. */
export function q8Activations(activations: number, rows: number, inputs: number) {
  const padded = paddedRows(rows);
  const record = (row: number, block: number) => activations + (block * padded + row) * 68;
  return {
    padded,
    blocks: Math.ceil(inputs / 32),
    /** In i16. */
    code: (row: number, input: number) => (record(row, input >> 5) >> 1) + (input & 31),
    /** In f32. */
    scale: (row: number, block: number) => (record(row, block) + 64) >> 2,
  };
}
