import {
  BLOCK_INPUTS,
  blocksOf,
  pairsOf,
  Q4_ACTIVATIONS,
  Q8_ACTIVATIONS,
  q4GroupBytes,
  q8GroupBytes,
  paddedRows as rowsWithPadding,
} from './layout-sizes.ts';

export { BLOCK_INPUTS };

/** How a matrix is packed; {@link MatrixKernels} describes the layouts. */
export type MatrixKind = 'q4' | 'q8' | 'f16' | 'f32';

/**
 * Up to this width the integer sums of q4's minima are shown to fit 32 bits. No decoder that fits a Worker has as many
 * inputs.
 */
export const MAX_MATRIX_INPUTS = 131_072;
/**
 * The largest vocabularies in use have some 260,000 tokens; a matrix with more outputs than this comes from a damaged
 * file.
 */
export const MAX_MATRIX_OUTPUTS = 1_048_576;
/**
 * A prompt is prefilled in slices of a few hundred rows at most: with more rows nothing is gained, and their
 * activations would no longer fit into the processor's caches.
 */
export const MAX_MATRIX_ROWS = 1024;

/** The most that addLowRank takes between its two matrices: the sums of several rows lie in the scratch. */
export const MAX_LOW_RANK = 512;
/** The most rows that addLowRank multiplies at once. */
const LOW_RANK_ROWS = 4;

/** Outputs that lie side by side in a packed matrix, and that a kernel writes at once. */
export const GROUP_OUTPUTS: Readonly<Record<MatrixKind, number>> = { q4: 8, q8: 8, f16: 16, f32: 16 };

/** The number of outputs, rounded up to whole groups: a row of y needs room for this many floats. */
export function paddedOutputs(kind: MatrixKind, outputs: number): number {
  check('outputs', outputs, MAX_MATRIX_OUTPUTS);
  return roundUp(outputs, GROUP_OUTPUTS[kind]);
}

/** Bytes of a packed matrix. They must start at a multiple of 16 and be zero before the matrix is packed into them. */
export function matrixBytes(kind: MatrixKind, outputs: number, inputs: number): number {
  check('inputs', inputs, MAX_MATRIX_INPUTS);
  const groups = paddedOutputs(kind, outputs) / GROUP_OUTPUTS[kind];
  return groups * groupBytes(kind, inputs);
}

function groupBytes(kind: MatrixKind, inputs: number): number {
  switch (kind) {
    case 'q4':
      return q4GroupBytes(blocksOf(inputs));
    case 'q8':
      return q8GroupBytes(blocksOf(inputs));
    case 'f16':
      return inputs * GROUP_OUTPUTS.f16 * 2;
    case 'f32':
      return inputs * GROUP_OUTPUTS.f32 * 4;
  }
}

/**
 * Rows of quantized activations: a single row is not padded, several are padded with rows of zeros to a multiple of 4.
 */
export function paddedRows(rows: number): number {
  check('rows', rows, MAX_MATRIX_ROWS);
  return rowsWithPadding(rows);
}

/**
 * Bytes that quantizeForQ4 writes, a multiple of 16: the records, the block sums with their scales, and its working
 * space.
 */
export function q4ActivationBytes(rows: number, inputs: number): number {
  check('inputs', inputs, MAX_MATRIX_INPUTS);
  const blocks = blocksOf(inputs);
  const pairs = pairsOf(blocks);
  return roundUp(paddedRows(rows) * (blocks * Q4_ACTIVATIONS + pairs * 4 + 4) + pairs * 8, 16);
}

/** Bytes that quantizeForQ8 writes, a multiple of 16. */
export function q8ActivationBytes(rows: number, inputs: number): number {
  check('inputs', inputs, MAX_MATRIX_INPUTS);
  return roundUp(paddedRows(rows) * blocksOf(inputs) * Q8_ACTIVATIONS, 16);
}

/**
 * Bytes of the scratch of matMulQ4, matMulQ8 and matMulF16, a multiple of 16: unpacked weights, and 8 sums for each
 * row.
 */
export function matrixScratchBytes(rows: number): number {
  return 8192 + paddedRows(rows) * 32;
}

/** Bytes of the scratch of addLowRank: what lies between its two matrices, and what both are multiplied by in 16 bits. */
export function lowRankScratchBytes(inputs: number): number {
  const between = LOW_RANK_ROWS * MAX_LOW_RANK * Float32Array.BYTES_PER_ELEMENT;
  return q8ActivationBytes(LOW_RANK_ROWS, inputs) + between + q8ActivationBytes(LOW_RANK_ROWS, MAX_LOW_RANK);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** @throws RangeError if the host has not checked a number that it read from a file */
function check(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) throw new RangeError(`${name} must be 1 to ${most}, not ${value}`);
}
