/** Consecutive values of a row that share a scale, as in MatMulNBits and in GGUF's Q4 and Q8 types. */
export const BLOCK_SIZE = 32;

/** What a block's codes mean: value = scale * (code - zeroPoint). */
export interface BlockFit {
  /** Exactly a float16, of either sign. It is 0 if all values are too small for a float16 scale. */
  readonly scale: number;
  /** A whole number from 0 to 2^bits - 1. */
  readonly zeroPoint: number;
  /** Sum of the squared differences between the values and what their codes stand for. */
  readonly error: number;
}

/**
 * Quantizes one block of at most BLOCK_SIZE finite values.
 * @param codes receives a code for each value, 0 to 2^bits - 1
 * @returns undefined if the scale is beyond float16's limit of 65504
 */
export type BlockQuantizer = (values: Float32Array, bits: 4 | 8, codes: Uint8Array) => BlockFit | undefined;
