import type { BlockKind, TensorValues } from '../../tensors/tensor-source.ts';
import { decodeQ4_0, decodeQ4_1, decodeQ5_0, decodeQ5_1, decodeQ8_0 } from './decode-blocks.ts';
import { decodeQ4_K, decodeQ5_K, decodeQ6_K } from './decode-k-blocks.ts';

/** A format of weights, whose values come in blocks with shared scales. */
export interface BlockType {
  /** GGML's name, as in `llama-quantize`. */
  readonly name: string;
  readonly blockValues: number;
  readonly blockBytes: number;
  /**
   * Decodes all values of a tensor, as ggml dequantizes them, and their blocks if these are 32 values with one scale.
   * Absent for plain floats.
   * @throws BrokenBlock for a scale that is not a finite number
   */
  readonly decode?: (bytes: Uint8Array) => TensorValues;
  /** What the blocks are like that `decode` gives, if it gives any. */
  readonly keepsBlocks?: BlockKind;
}

/** The supported formats by their number in the file, `ggml_type` in ggml.h. */
export const blockTypes: ReadonlyMap<number, BlockType> = new Map<number, BlockType>([
  [0, { name: 'F32', blockValues: 1, blockBytes: 4 }],
  [1, { name: 'F16', blockValues: 1, blockBytes: 2 }],
  [2, { name: 'Q4_0', blockValues: 32, blockBytes: 18, decode: decodeQ4_0, keepsBlocks: { bits: 4, isSymmetric: true } }],
  [3, { name: 'Q4_1', blockValues: 32, blockBytes: 20, decode: decodeQ4_1, keepsBlocks: { bits: 4, isSymmetric: false } }],
  // In files that it calls Q4_K_M, llama-quantize falls back to these two if a row is not a multiple of 256.
  [6, { name: 'Q5_0', blockValues: 32, blockBytes: 22, decode: decodeQ5_0, keepsBlocks: { bits: 8, isSymmetric: true } }],
  [7, { name: 'Q5_1', blockValues: 32, blockBytes: 24, decode: decodeQ5_1 }],
  [8, { name: 'Q8_0', blockValues: 32, blockBytes: 34, decode: decodeQ8_0, keepsBlocks: { bits: 8, isSymmetric: true } }],
  [12, { name: 'Q4_K', blockValues: 256, blockBytes: 144, decode: decodeQ4_K }],
  [13, { name: 'Q5_K', blockValues: 256, blockBytes: 176, decode: decodeQ5_K }],
  [14, { name: 'Q6_K', blockValues: 256, blockBytes: 210, decode: decodeQ6_K }],
  [30, { name: 'BF16', blockValues: 1, blockBytes: 2 }],
]);

/** GGML's other formats, so that a message can name them. */
export const UNSUPPORTED_TYPES: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};
