/**
 * Causal grouped-query attention over a KV cache in pages.
 *
 * A page holds PAGE_POSITIONS (32) positions of all layers and key-value heads, in blocks: those of one layer lie one after the other,
 * from the page's address plus `offset` on (kvLayerOffset in attention-layouts.ts). `pages` is the address of a table of page addresses,
 * uint32 each; position p lies in page p >> 5. Pages are handed out zeroed or with anything finite; `append` writes whole positions, and
 * what lies behind the last position is never let into a result. Block layouts:
 *
 * - `F32`: keys [4 groups][headDimension][8 positions], values [headDimension / 8][32 positions][8], float32.
 * - `Q8`: key scales float32 [32], keys int8 [4 groups][headDimension / 2 pairs][8 positions][2], value scales float32 [32],
 *   values int8 [headDimension / 8][16 pairs of positions][8][2].
 *
 * headDimension is a multiple of 8, MAX_HEAD_DIMENSION at most; sizes are in attention-layouts.ts. A query's result depends neither on
 * how many rows are computed at once nor on what follows it.
 */
export interface AttentionKernels {
  /** Writes the keys and values of `rows` new positions from `position` on. `key`, `value`: float32 [rows, keyValueHeads * headDimension]. */
  appendF32(
    key: number,
    keyStride: number,
    value: number,
    valueStride: number,
    pages: number,
    offset: number,
    position: number,
    rows: number,
    keyValueHeads: number,
    headDimension: number,
  ): void;
  appendQ8(
    key: number,
    keyStride: number,
    value: number,
    valueStride: number,
    pages: number,
    offset: number,
    position: number,
    rows: number,
    keyValueHeads: number,
    headDimension: number,
  ): void;
  /**
   * y [rows, heads * headDimension]: row r attends from position + r to the `window` positions that end with its own (all where window
   * is 0). Appended already. `scratch`: attentionScratchBytes(heads, keyValueHeads, headDimension).
   */
  attendF32(
    query: number,
    queryStride: number,
    y: number,
    yStride: number,
    pages: number,
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
  attendQ8(
    query: number,
    queryStride: number,
    y: number,
    yStride: number,
    pages: number,
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
