/** Values that share a scale: along a row, as MatMulNBits and GGUF's Q4 and Q8 types have them. */
export const BLOCK_SIZE = 32;

/** What a block's codes mean: value = scale * (code - zeroPoint). */
export interface BlockFit {
  /** Exactly a float16, of either sign; 0 where all values are below what one can tell apart. */
  readonly scale: number;
  /** Whole, 0 to 2^bits - 1. */
  readonly zeroPoint: number;
  /** Sum of the squares of what the values lose. */
  readonly error: number;
}

/**
 * Quantizes one block of at most BLOCK_SIZE finite values.
 * @param codes takes a code for each value, 0 to 2^bits - 1
 * @returns nothing where the scale is beyond float16's limit of 65504
 */
export type BlockQuantizer = (values: Float32Array, bits: 4 | 8, codes: Uint8Array) => BlockFit | undefined;
