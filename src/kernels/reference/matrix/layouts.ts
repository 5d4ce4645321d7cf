import {
  blocksOf,
  pairsOf,
  Q4_ACTIVATIONS,
  Q4_ACTIVATIONS_SCALE,
  Q4_MINIMA_PAIR,
  Q4_RECORD,
  Q4_SCALES,
  Q8_ACTIVATIONS,
  Q8_ACTIVATIONS_SCALE,
  Q8_RECORD,
  Q8_SCALES,
  q4GroupBytes,
  q8GroupBytes,
} from '../../layout-sizes.ts';
import { paddedRows } from '../../matrix-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';

/** A packed q4 matrix: reads and writes each of its numbers where it lies. */
export function q4Weights({ u8, i16, f32 }: MemoryViews, weights: number, inputs: number) {
  const blocks = blocksOf(inputs);
  const group = (output: number) => weights + (output >> 3) * q4GroupBytes(blocks);
  const record = (output: number, block: number) => group(output) + block * Q4_RECORD;
  const minima = (output: number) => group(output) + blocks * Q4_RECORD;
  const rowScales = (output: number) => minima(output) + pairsOf(blocks) * Q4_MINIMA_PAIR;
  const scaleIndex = (output: number, block: number) =>
    (record(output, block) + Q4_SCALES + (output & 3) * 4 + ((output >> 2) & 1) * 2) >> 1;
  const minimumIndex = (output: number, block: number) =>
    (minima(output) + (block >> 1) * Q4_MINIMA_PAIR + (output & 7) * 4 + (block & 1) * 2) >> 1;
  /**
   * The address of the byte that holds the codes of two inputs: of an even one in its low nibble, of the next in its
   * high nibble.
   */
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

/** Rows of x, quantized for q4: the index of each number in the view of its kind. */
export function q4Activations(activations: number, rows: number, inputs: number) {
  const padded = paddedRows(rows);
  const blocks = blocksOf(inputs);
  const record = (row: number, block: number) => activations + (block * padded + row) * Q4_ACTIVATIONS;
  const sums = activations + blocks * padded * Q4_ACTIVATIONS;
  const sumScales = sums + pairsOf(blocks) * padded * 4;
  return {
    padded,
    blocks,
    /** In i8: of each eight codes the even ones stand first. */
    code: (row: number, input: number) => record(row, input >> 5) + (input & 24) + ((input & 1) * 4 + ((input & 7) >> 1)),
    /** In f32. */
    scale: (row: number, block: number) => (record(row, block) + Q4_ACTIVATIONS_SCALE) >> 2,
    /** In i16; the sum of block number `blocks` is the padding where that count is odd. */
    sum: (row: number, block: number) => (sums + ((block >> 1) * padded + row) * 4 + (block & 1) * 2) >> 1,
    /** In f32. */
    sumScale: (row: number) => (sumScales >> 2) + row,
  };
}

/** A packed q8 matrix: the index of each number in the view of its kind. */
export function q8Weights(weights: number, inputs: number) {
  const blocks = blocksOf(inputs);
  const group = (output: number) => weights + (output >> 3) * q8GroupBytes(blocks);
  const record = (output: number, block: number) => group(output) + block * Q8_RECORD;
  return {
    blocks,
    /** In i8. */
    code: (output: number, input: number) => record(output, input >> 5) + ((input & 31) >> 1) * 16 + (output & 7) * 2 + (input & 1),
    /** In i16. */
    scale: (output: number, block: number) => ((record(output, block) + Q8_SCALES) >> 1) + (output & 7),
    /** In f32. */
    rowScale: (output: number) => ((group(output) + blocks * Q8_RECORD) >> 2) + (output & 7),
  };
}

/** Rows of x, quantized for q8: the index of each number in the view of its kind. */
export function q8Activations(activations: number, rows: number, inputs: number) {
  const padded = paddedRows(rows);
  const record = (row: number, block: number) => activations + (block * padded + row) * Q8_ACTIVATIONS;
  return {
    padded,
    blocks: blocksOf(inputs),
    /** In i16. */
    code: (row: number, input: number) => (record(row, input >> 5) >> 1) + (input & 31),
    /** In f32. */
    scale: (row: number, block: number) => (record(row, block) + Q8_ACTIVATIONS_SCALE) >> 2,
  };
}

/** A packed matrix of floats: the index of each element in u16 or f32, and its value. */
export interface FloatWeights {
  index(output: number, input: number): number;
  value(output: number, input: number): number;
}

export function f32Weights({ f32 }: MemoryViews, weights: number, inputs: number): FloatWeights {
  const index = (output: number, input: number) => (weights >> 2) + ((output >> 4) * inputs + input) * 16 + (output & 15);
  return { index, value: (output, input) => f32[index(output, input)] };
}

/**
 * Of each eight float16 values of an input, outputs 0..3 stand in the low halves of words and outputs 4..7 in the high
 * halves.
 */
export function f16Weights({ u16 }: MemoryViews, weights: number, inputs: number): FloatWeights {
  const place = (output: number) => (output & 8) + (output & 3) * 2 + ((output >> 2) & 1);
  const index = (output: number, input: number) => (weights >> 1) + ((output >> 4) * inputs + input) * 16 + place(output);
  return { index, value: (output, input) => fromHalf(u16[index(output, input)]) };
}

/** float16 as a number; infinities and NaNs count as if their exponent were one more than the largest finite one. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}
