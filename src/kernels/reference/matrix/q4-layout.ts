import { paddedRows } from '../../matrix-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';

/** A packed q4 matrix: where each of its numbers lies. */
export function q4Weights({ u8, i16, f32 }: MemoryViews, weights: number, inputs: number) {
  const blocks = Math.ceil(inputs / 32);
  const pairs = Math.ceil(blocks / 2);
  const group = (output: number) => weights + (output >> 3) * (blocks * 144 + pairs * 32 + 64);
  const record = (output: number, block: number) => group(output) + block * 144;
  const minima = (output: number) => group(output) + blocks * 144;
  const rowScales = (output: number) => minima(output) + pairs * 32;
  const scaleIndex = (output: number, block: number) => (record(output, block) + 128 + (output & 3) * 4 + ((output >> 2) & 1) * 2) >> 1;
  const minimumIndex = (output: number, block: number) => (minima(output) + (block >> 1) * 32 + (output & 7) * 4 + (block & 1) * 2) >> 1;
  /** Address of the byte with the codes of input 2i in its low and 2i + 1 in its high nibble. */
  const codeByte = (output: number, input: number) =>
    record(output, input >> 5) + ((input >> 3) & 3) * 32 + (output & 7) * 4 + ((input >> 1) & 3);
  return {
    blocks,
    codeByte,
    code: (output: number, input: number) => (u8[codeByte(output, input)] >> ((input & 1) * 4)) & 15,
    scale: (output: number, block: number) => i16[scaleIndex(output, block)],
    minimum: (output: number, block: number) => i16[minimumIndex(output, block)],
    rowScale: (output: number) => f32[(rowScales(output) >> 2) + (output & 7)],
    rowMinimumScale: (output: number) => f32[(rowScales(output) >> 2) + 8 + (output & 7)],
    setScale(output: number, block: number, value: number) {
      i16[scaleIndex(output, block)] = value;
    },
    setMinimum(output: number, block: number, value: number) {
      i16[minimumIndex(output, block)] = value;
    },
    setRowScales(output: number, scale: number, minimumScale: number) {
      f32[(rowScales(output) >> 2) + (output & 7)] = scale;
      f32[(rowScales(output) >> 2) + 8 + (output & 7)] = minimumScale;
    },
  };
}

/** Rows of x, quantized for q4: where each number's element lies in its view. */
export function q4Activations(activations: number, rows: number, inputs: number) {
  const padded = paddedRows(rows);
  const blocks = Math.ceil(inputs / 32);
  const record = (row: number, block: number) => activations + (block * padded + row) * 36;
  const sums = activations + blocks * padded * 36;
  const sumScales = sums + Math.ceil(blocks / 2) * padded * 4;
  return {
    padded,
    blocks,
    /** In i8: evens stand first in each eight. */
    code: (row: number, input: number) => record(row, input >> 5) + (input & 24) + ((input & 1) * 4 + ((input & 7) >> 1)),
    /** In f32. */
    scale: (row: number, block: number) => (record(row, block) + 32) >> 2,
    /** In i16; block `blocks` is the padding of an odd count. */
    sum: (row: number, block: number) => (sums + ((block >> 1) * padded + row) * 4 + (block & 1) * 2) >> 1,
    /** In f32. */
    sumScale: (row: number) => (sumScales >> 2) + row,
  };
}
