/** How a matrix is packed; {@link MatrixKernels} has the layouts. */
export type MatrixKind = 'q4' | 'q8' | 'f16' | 'f32';

/** Inputs of a quantized block: one scale for so many weights, or activations. */
export const BLOCK_INPUTS = 32;
/** Up to here the integer sums of q4's minima are shown to fit 32 bits; more inputs than any decoder of an edge's size has. */
export const MAX_MATRIX_INPUTS = 131_072;
/** The largest vocabularies in use have some 260,000 tokens; what is above is a damaged file. */
export const MAX_MATRIX_OUTPUTS = 1_048_576;
/** A prompt is computed in pieces of some hundred rows at most: more gain nothing, and activations would leave the processor's caches. */
export const MAX_MATRIX_ROWS = 1024;

/** Outputs that lie side by side in a packed matrix; so many at once are written. */
export const GROUP_OUTPUTS: Readonly<Record<MatrixKind, number>> = { q4: 8, q8: 8, f16: 16, f32: 16 };

/** Outputs with those that fill the last group up: y's rows need this many floats. */
export function paddedOutputs(kind: MatrixKind, outputs: number): number {
  check('outputs', outputs, MAX_MATRIX_OUTPUTS);
  return roundUp(outputs, GROUP_OUTPUTS[kind]);
}

/** Bytes of a packed matrix. They must be zero before it is packed, and start at a multiple of 16. */
export function matrixBytes(kind: MatrixKind, outputs: number, inputs: number): number {
  check('inputs', inputs, MAX_MATRIX_INPUTS);
  const groups = paddedOutputs(kind, outputs) / GROUP_OUTPUTS[kind];
  return groups * groupBytes(kind, inputs);
}

function groupBytes(kind: MatrixKind, inputs: number): number {
  const blocks = Math.ceil(inputs / BLOCK_INPUTS);
  switch (kind) {
    case 'q4':
      return blocks * 144 + Math.ceil(blocks / 2) * 32 + 64;
    case 'q8':
      return blocks * 272 + 32;
    case 'f16':
      return inputs * 32;
    case 'f32':
      return inputs * 64;
  }
}

/** Rows of quantized activations: one alone, or else filled up with zeros to fours. */
export function paddedRows(rows: number): number {
  check('rows', rows, MAX_MATRIX_ROWS);
  return rows === 1 ? 1 : roundUp(rows, 4);
}

/** Bytes of what quantizeForQ4 writes, at a multiple of 16: records, block sums with their scales, and its working space. */
export function q4ActivationBytes(rows: number, inputs: number): number {
  check('inputs', inputs, MAX_MATRIX_INPUTS);
  const blocks = Math.ceil(inputs / BLOCK_INPUTS);
  const pairs = Math.ceil(blocks / 2);
  return roundUp(paddedRows(rows) * (blocks * 36 + pairs * 4 + 4) + pairs * 8, 16);
}

/** Bytes of what quantizeForQ8 writes, at a multiple of 16. */
export function q8ActivationBytes(rows: number, inputs: number): number {
  check('inputs', inputs, MAX_MATRIX_INPUTS);
  return roundUp(paddedRows(rows) * Math.ceil(inputs / BLOCK_INPUTS) * 68, 16);
}

/** Bytes of the scratch of matMulQ4, matMulQ8 and matMulF16, at a multiple of 16: unpacked weights, and 8 sums for each row. */
export function matrixScratchBytes(rows: number): number {
  return 8192 + paddedRows(rows) * 32;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** @throws RangeError where the host has not checked what it read from a file */
function check(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) throw new RangeError(`${name} must be 1 to ${most}, not ${value}`);
}
