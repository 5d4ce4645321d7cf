/**
 * Matrix products y = x Wᵀ, x float32 [rows, inputs], W [outputs, inputs], y float32 [rows, outputs]; the packing of W as it is loaded;
 * and looking rows of W up. A row's result does not depend on how many rows there are: a prompt in one prefill, or token by token,
 * gives the same bits.
 *
 * Packed layouts (sizes by matrixBytes in matrix-layouts.ts). Outputs are padded with zeros to the group, and y is written so far: y's
 * stride has room for them.
 *
 * - `q4`: groups of 8 outputs; inputs in blocks of 32, the last filled up. The weight is code * scale - minimum: a block's scale a 16-bit
 *   multiple of its row's float32 scale, its minimum a 12-bit multiple (both signed) of its row's. A group is a record for each block: 4 times
 *   a word of 8 codes (as MatMulNBits has them) of each output, and 8 scales of 16 bits, outputs 0..3 in low and 4..7 in high halves of
 *   words; for each pair of blocks, a word with two minima of each output; 8 row scales and 8 row minimum scales. x is quantized to 8 bits
 *   a block, the sums of its blocks to as many bits as let all products with minima fit 32: at least 14 up to 1536 inputs, 8 at 131072.
 * - `q8`: groups of 8 outputs; blocks of 32; signed 8-bit codes times a 16-bit multiple of the row's float32 scale for each block. A
 *   record is 16 times two codes of each output, and 8 scales; behind all, 8 row scales. x is quantized to 16 bits a block.
 * - `f16`, `f32`: groups of 16 outputs, [inputs][16]; x as it is, summed input after input. Of each eight f16 outputs, 0..3 lie in the low
 *   halves of words and 4..7 in the high ones. f16 weights are finite.
 *
 * Activations are records of 36 bytes (32 codes of 8 bits, a float32 scale) or 68 (16 bits), [blocks][rows]; more rows than one are
 * filled up with zeros to fours. Of each eight 8-bit codes the even ones stand first. Behind the records of q4 lie the block sums, pairs of
 * 16 bits [pairs of blocks][rows], and their scales, float32 [rows].
 *
 * Scales of magnitudes up to 2^-100 count as zero, in weights and in activations. Activations are finite and below 1e36.
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
