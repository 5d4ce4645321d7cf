/**
 * Matrix products y = x Wᵀ, x float32 [rows, inputs], W [outputs, inputs], y float32 [rows, outputs]; the packing of W as it is loaded;
 * and looking rows of W up. A row's result does not depend on how many rows there are: a prompt in one prefill, or token by token,
 * gives the same bits.
 *
 * Packed layouts (sizes by matrixBytes in matrix-layouts.ts). Outputs are padded with zeros to the group, and y is written so far: y's
 * stride has room for them.
 *
 * - `q4`: groups of 8 outputs; inputs in blocks of 32. The weight is code * scale - minimum: a block's scale a 16-bit multiple of its
 *   row's float32 scale, its minimum a 12-bit multiple (signed both) of its row's. x is quantized to 8 bits a block.
 * - `q8`: groups of 8 outputs; blocks of 32; signed 8-bit codes, a 16-bit multiple of the row's float32 scale for each block. x is quantized to 16 bits.
 * - `f16`, `f32`: groups of 16 outputs, [inputs][16]; x as it is.
 */
export interface MatrixKernels {
  /** Quantizes x for matMulQ4 into `activations`, of q4ActivationBytes(rows, inputs) bytes. */
  quantizeForQ4(x: number, xStride: number, activations: number, rows: number, inputs: number): void;
  /** `scratch`: matrixScratchBytes(rows) bytes. */
  matMulQ4(
    activations: number,
    weights: number,
    y: number,
    yStride: number,
    rows: number,
    outputs: number,
    inputs: number,
    scratch: number,
  ): void;
  quantizeForQ8(x: number, xStride: number, activations: number, rows: number, inputs: number): void;
  matMulQ8(
    activations: number,
    weights: number,
    y: number,
    yStride: number,
    rows: number,
    outputs: number,
    inputs: number,
    scratch: number,
  ): void;
  /** `scratch`: matrixScratchBytes(rows) bytes. */
  matMulF16(
    x: number,
    xStride: number,
    weights: number,
    y: number,
    yStride: number,
    rows: number,
    outputs: number,
    inputs: number,
    scratch: number,
  ): void;
  matMulF32(x: number, xStride: number, weights: number, y: number, yStride: number, rows: number, outputs: number, inputs: number): void;

  /**
   * Scatters codes as MatMulNBits stores them, blocks of 16 bytes, low nibble first, [outputs][blocks in a row]: `count` of them from
   * the block of number `first` on. The target was zeroed by the host (fresh memory is).
   */
  packQ4Codes(source: number, first: number, count: number, weights: number, inputs: number): void;
  /**
   * Stores scales and minima of `rows` whole rows from `firstRow` on. `scales`: float32 [rows][blocks]. `zeroPointKind` 0: every zero point
   * is 8; 1: packed 4-bit zero points, low nibble first, [rows][ceil(blocks / 2)] bytes; 2: float32 [rows][blocks].
   */
  packQ4Scales(
    scales: number,
    zeroPoints: number,
    zeroPointKind: number,
    firstRow: number,
    rows: number,
    weights: number,
    inputs: number,
  ): void;
  /** Codes of 8 bits around 128, blocks of 32 bytes. */
  packQ8Codes(source: number, first: number, count: number, weights: number, inputs: number): void;
  packQ8Scales(scales: number, firstRow: number, rows: number, weights: number, inputs: number): void;
  /**
   * Scatters `count` elements, from the element of number `first` on, of a matrix that is stored row by row as [outputs][inputs]
   * (transposed 0) or as [inputs][outputs] (transposed 1). Elements of 2 bytes (F16) or 4 (F32).
   */
  packF16(source: number, first: number, count: number, weights: number, outputs: number, inputs: number, transposed: number): void;
  packF32(source: number, first: number, count: number, weights: number, outputs: number, inputs: number, transposed: number): void;

  /** y[row] = W[ids[row]] in float32; `ids`: int32 [rows], each below `outputs` (the host checks). */
  gatherQ4(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
  gatherQ8(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
  gatherF16(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
  gatherF32(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
}
