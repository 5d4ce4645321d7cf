/**
 * Causal grouped-query attention over a paged KV cache.
 *
 * A page holds PAGE_POSITIONS (32) positions of all layers and key-value heads. `pageTable` is the address of a table
 * of page addresses, uint32 each: position p lies in page number p / 32. The keys and values of one layer begin
 * `offset` bytes after the page's address (kvLayerOffset in attention-layouts.ts), and there each key-value head has
 * kvHeadBytes: first its keys, then its values.
 *
 *     page table   [ page 0 | page 1 | page 2 | ... ]              uint32 addresses
 *     page         [ ... layer l: head 0, head 1, ... | ... ]      from page + offset on
 *     head, F32    keys   [4 groups][headDimension][8 positions]   float32
 *                  values [headDimension / 8][32 positions][8]     float32
 *     head, Q8     key scales   [32]                               float32
 *                  keys   [4 groups][headDimension / 2][8 positions][2]              int8
 *                  value scales [32]                               float32
 *                  values [headDimension / 8][16 pairs of positions][8][2]           int8
 *
 * So a vector load of keys serves 8 positions, and one of values 8 dimensions; in the Q8 cache the two bytes of each
 * innermost pair meet in one dot product.
 *
 * A new page may hold anything finite. `append` writes whole positions, and what lies after the last position never
 * affects a result. headDimension is a multiple of 8, at most MAX_HEAD_DIMENSION. A query's result depends neither on
 * how many rows are computed at once nor on the positions after it.
 */
export interface AttentionKernels {
  /**
   * Writes the keys and values of `rows` new positions, from `position` on. `key`, `value`: float32 [rows,
   * keyValueHeads * headDimension].
   */
  appendF32(
    key: number,
    keyStride: number,
    value: number,
    valueStride: number,
    pageTable: number,
    offset: number,
    position: number,
    rows: number,
    keyValueHeads: number,
    headDimension: number,
  ): void;
  /** The same with a Q8 cache: each position's key and value of a head is quantized to 8 bits, with one scale each. */
  appendQ8(
    key: number,
    keyStride: number,
    value: number,
    valueStride: number,
    pageTable: number,
    offset: number,
    position: number,
    rows: number,
    keyValueHeads: number,
    headDimension: number,
  ): void;
  /**
   * Computes y, float32 [rows, heads * headDimension]. Row r has position `position` + r and attends to the `window`
   * positions that end with its own, or to all of them if `window` is 0. Their keys and values must already be in the
   * cache. `scale` multiplies the scores. `scratch`: attentionScratchBytes(heads, keyValueHeads, headDimension) bytes.
   */
  attendF32(
    query: number,
    queryStride: number,
    y: number,
    yStride: number,
    pageTable: number,
    offset: number,
    position: number,
    rows: number,
    heads: number,
    keyValueHeads: number,
    headDimension: number,
    scale: number,
    window: number,
    scratch: number,
  ): void;
  /** The same with a Q8 cache. */
  attendQ8(
    query: number,
    queryStride: number,
    y: number,
    yStride: number,
    pageTable: number,
    offset: number,
    position: number,
    rows: number,
    heads: number,
    keyValueHeads: number,
    headDimension: number,
    scale: number,
    window: number,
    scratch: number,
  ): void;
}
