/**
 * Matrix products y = x Wᵀ, with x float32 [rows, inputs], W [outputs, inputs] and y float32 [rows, outputs]; packing W
 * while it is loaded; and looking up rows of W. A row's result does not depend on how many rows there are: a prompt
 * gives the same bits in one prefill and token by token.
 *
 * Packed layouts (layout-sizes.ts has the sizes, matrixBytes in matrix-layouts.ts adds them up). Outputs lie in groups,
 * and the last group is padded with zeros. y is written up to the end of the last group, so y's stride must have room
 * for it.
 *
 *     q4, a group of 8 outputs
 *       for each block of 32 inputs a record:
 *         codes   [4 words][8 outputs][8 codes of 4 bits]           each word as in MatMulNBits
 *         scales  8 of 16 bits: output 0 and 4 in the low and high half of a word, then 1 and 5, 2 and 6, 3 and 7
 *       for each pair of blocks: minima [8 outputs][2 blocks]       16 bits each
 *       row scales [8], row minimum scales [8]                      float32
 *
 *     q8, a group of 8 outputs
 *       for each block of 32 inputs a record:
 *         codes   [16 pairs of inputs][8 outputs][2]                int8
 *         scales  [8]                                               16 bits each
 *       row scales [8]                                              float32
 *
 *     f32, f16: a group of 16 outputs, [inputs][16]
 *       in f16, of each eight outputs 0..3 lie in the low and 4..7 in the high halves of words
 *
 * - `q4`: a weight is code * scale - minimum. A block's scale is a signed 16-bit multiple of its row's scale; its
 *   minimum is a 12-bit multiple (signed as well) of its row's minimum scale. x is quantized to 8 bits per block. The
 *   sums of x's blocks, which the minima multiply, get as many bits as keep the sum of all products within 32 bits: at
 *   least 14 up to 1536 inputs, 8 at 131072.
 * - `q8`: a weight is a signed 8-bit code times a 16-bit multiple of the row's scale. x is quantized to 16 bits per
 *   block.
 * - `f16`, `f32`: x is used as it is and summed input after input. f16 weights must be finite.
 *
 * Quantized activations are records of Q4_ACTIVATIONS (32 codes of 8 bits, then a float32 scale) or Q8_ACTIVATIONS (32
 * codes of 16 bits, then the scale), [blocks][rows]. A single row is not padded; several rows are padded with zeros to
 * a multiple of 4. Of each eight 8-bit codes the even ones come first. After the records of q4 come the block sums,
 * [pairs of blocks][rows][2] of 16 bits, and their scales, float32 [rows].
 *
 * In weights and in activations, scales of magnitudes up to 2^-100 count as zero. Activations must be finite and below
 * 1e36.
 */
export interface MatrixKernels {
  /** Quantizes x for matMulQ4. `activations`: q4ActivationBytes(rows, inputs) bytes. */
  quantizeForQ4(x: number, xStride: number, activations: number, rows: number, inputs: number): void;
  /** y = x Wᵀ from the activations that quantizeForQ4 wrote. `scratch`: matrixScratchBytes(rows) bytes. */
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
  /** Quantizes x for matMulQ8. `activations`: q8ActivationBytes(rows, inputs) bytes. */
  quantizeForQ8(x: number, xStride: number, activations: number, rows: number, inputs: number): void;
  /** y = x Wᵀ from the activations that quantizeForQ8 wrote. `scratch`: matrixScratchBytes(rows) bytes. */
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
  /** y = x Wᵀ with float16 weights. `scratch`: matrixScratchBytes(rows) bytes. */
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
  /** y = x Wᵀ with float32 weights. */
  matMulF32(x: number, xStride: number, weights: number, y: number, yStride: number, rows: number, outputs: number, inputs: number): void;
  /**
   * y += (x Aᵀ) Bᵀ, where A is [rank, inputs] and B [outputs, rank], as LoRA adds to a product (Hu et al. 2021,
   * arXiv:2106.09685). `rank` is a multiple of 8, at most MAX_LOW_RANK; y is written up to the end of the last group of
   * 8 outputs. `scratch`: lowRankScratchBytes(inputs) bytes.
   *
   * If `isQuantized` is 0, `down` holds A and `up` holds B in float32, each in panels of 8 of its outputs, [inputs][8]
   * numbers one after the other. If it is 1, `down` is a packed q8 matrix, and `up` has for each group of 8 outputs codes
   * [pairs of ranks][8 outputs][2] in int8, and then scales [8] of 16 bits, signed, with which they are multiplied. What lies between both
   * matrices is quantized as x is, in blocks of 32.
   */
  addLowRank(
    x: number,
    xStride: number,
    down: number,
    up: number,
    y: number,
    yStride: number,
    rows: number,
    inputs: number,
    outputs: number,
    rank: number,
    isQuantized: number,
    scratch: number,
  ): void;

  /**
   * Packs the codes of `count` blocks, from block number `first` on. `source` has them as MatMulNBits stores them:
   * [outputs][blocks per row], 16 bytes each, low nibble first. The host must have zeroed the packed matrix before
   * (fresh memory is zero).
   */
  packQ4Codes(source: number, first: number, count: number, weights: number, inputs: number): void;
  /**
   * Packs the scales and minima of `rows` whole rows, from `firstRow` on. `scales`: float32 [rows][blocks].
   * `zeroPointKind` 0: every zero point is 8; 1: 4-bit zero points, low nibble first, [rows][ceil(blocks / 2)] bytes;
   * 2: float32 zero points [rows][blocks].
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
  /** Packs the codes of `count` blocks, from block number `first` on: 32 bytes each, unsigned with zero point 128. */
  packQ8Codes(source: number, first: number, count: number, weights: number, inputs: number): void;
  /** Packs the scales of `rows` whole rows, from `firstRow` on. `scales`: float32 [rows][blocks]. */
  packQ8Scales(scales: number, firstRow: number, rows: number, weights: number, inputs: number): void;
  /**
   * Packs `count` float16 elements, from element number `first` on, of a matrix that is stored row by row: as
   * [outputs][inputs] if `transposed` is 0, as [inputs][outputs] if it is 1.
   */
  packF16(source: number, first: number, count: number, weights: number, outputs: number, inputs: number, transposed: number): void;
  /** The same for float32 elements. */
  packF32(source: number, first: number, count: number, weights: number, outputs: number, inputs: number, transposed: number): void;

  /** y[row] = W[ids[row]] in float32. `ids`: int32 [rows], each below `outputs`, which the host checks. */
  gatherQ4(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
  gatherQ8(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
  gatherF16(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
  gatherF32(weights: number, ids: number, y: number, yStride: number, rows: number, inputs: number): void;
}
