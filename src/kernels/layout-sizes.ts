/**
 * The sizes on which the host, the reference and the AssemblyScript must agree, each stated once.
 *
 * This file is compiled twice: as TypeScript, and as AssemblyScript by the kernels that import it. It therefore keeps
 * to what both languages have in common. In AssemblyScript `number` is a float64, which holds all of these sizes
 * exactly, and an integer constant is an i32.
 */

/** Inputs that share one scale: of a quantized block of weights, or of activations. */
export const BLOCK_INPUTS = 32;

/** A q4 record, which is one block of 8 outputs: 128 bytes of codes, then 8 scales of 16 bits. */
export const Q4_RECORD = 144;
export const Q4_SCALES = 128;
/** The minima of 8 outputs in two neighbouring blocks, 16 bits each. */
export const Q4_MINIMA_PAIR = 32;
/** After the minima: 8 float32 scales of rows, then 8 float32 scales of their minima. */
export const Q4_ROW_SCALES = 64;

/** A q8 record, which is one block of 8 outputs: 256 bytes of codes, then 8 scales of 16 bits. */
export const Q8_RECORD = 272;
export const Q8_SCALES = 256;
/** After the records: 8 float32 scales of rows. */
export const Q8_ROW_SCALES = 32;

/** One block of one row of quantized activations: 32 codes of 8 bits (q4) or 16 bits (q8), then a float32 scale. */
export const Q4_ACTIVATIONS = 36;
export const Q4_ACTIVATIONS_SCALE = 32;
export const Q8_ACTIVATIONS = 68;
export const Q8_ACTIVATIONS_SCALE = 64;

/** The largest magnitude of the integer that stands for a minimum in q4: 12 bits. */
export const MAX_MINIMUM = 4095;

/** Blocks in a row; the last one may be partly filled. */
export function blocksOf(inputs: number): number {
  return Math.ceil(inputs / BLOCK_INPUTS);
}

/** Pairs of neighbouring blocks, as the minima and the block sums of q4 lie. */
export function pairsOf(blocks: number): number {
  return Math.ceil(blocks / 2);
}

/** Bytes of 8 outputs in a packed q4 matrix. */
export function q4GroupBytes(blocks: number): number {
  return blocks * Q4_RECORD + pairsOf(blocks) * Q4_MINIMA_PAIR + Q4_ROW_SCALES;
}

/** Bytes of 8 outputs in a packed q8 matrix. */
export function q8GroupBytes(blocks: number): number {
  return blocks * Q8_RECORD + Q8_ROW_SCALES;
}

/**
 * Rows of quantized activations: a single row is not padded, several are padded with rows of zeros to a multiple of 4.
 */
export function paddedRows(rows: number): number {
  return rows === 1 ? 1 : Math.ceil(rows / 4) * 4;
}

/** Outputs that lie side by side in the matrices of a low-rank addition. Ranks are multiples of it. */
export const LOW_RANK_PANEL = 8;

/** Positions in one page of the KV cache. */
export const PAGE_POSITIONS = 32;

/** In the Q8 cache, the float32 scales of a page's 32 keys, which stand before the keys, or of its values. */
export const KV_SCALES = 128;

/** Bytes of the keys of one key-value head in a page; its values take as many. A multiple of 32. */
export function kvHalfBytes(quantized: boolean, headDimension: number): number {
  return quantized ? PAGE_POSITIONS * headDimension + KV_SCALES : PAGE_POSITIONS * headDimension * 4;
}

/** Heads that attention computes together: V8 has registers for 4. */
export const MAX_TILE = 4;

/**
 * Where the sums of values begin in the scratch of a tile of heads (assembly/inline/attention-scratch.ts has the fields
 * before them).
 */
export const ATTENTION_SUMS = 896;

/**
 * Bytes of the scratch of one tile of heads: the fields, then per dimension 4 sums and 4 queries of 4 copies each, and
 * one spare cache line. That makes an odd number of cache lines, so that neighbouring areas do not share sets of the
 * processor's cache.
 */
export function attentionAreaBytes(headDimension: number): number {
  return ATTENTION_SUMS + 64 + headDimension * MAX_TILE * (4 + 16);
}
