/** Positions of one page of the KV cache. */
export const PAGE_POSITIONS = 32;

/** The widest head: a query of 16 bits times a key of 8, summed over so many elements, stays within 32 bits; scratch has room for it. */
export const MAX_HEAD_DIMENSION = 256;

/** Heads that are computed together, as many as V8 keeps in registers. */
const MAX_TILE = 4;

export type KvCacheKind = 'F32' | 'Q8';

/** Bytes of the keys and values of one layer and key-value head in a page. A multiple of 64. */
export function kvBlockBytes(kind: KvCacheKind, headDimension: number): number {
  return kind === 'F32' ? PAGE_POSITIONS * headDimension * 8 : PAGE_POSITIONS * (headDimension * 2 + 8);
}

export function kvPageBytes(kind: KvCacheKind, layers: number, keyValueHeads: number, headDimension: number): number {
  return layers * keyValueHeads * kvBlockBytes(kind, headDimension);
}

/** Bytes of the entries of one tile of heads for one query: its elements, its bound and sum, the sums of values. */
const FIXED_SCRATCH_BYTES = MAX_TILE * MAX_HEAD_DIMENSION * 4 * 2 + 256;

/**
 * Scratch of one call of attendF32 or attendQ8, however many rows it has: a score for each position and head of a tile.
 * @param positions the most that one query attends to: the context window, or the local window where that is smaller
 * @param group heads per key-value head
 */
export function attentionScratchBytes(positions: number, group: number): number {
  const pages = Math.ceil(positions / PAGE_POSITIONS) + 1;
  return FIXED_SCRATCH_BYTES + pages * PAGE_POSITIONS * 4 * Math.min(group, MAX_TILE);
}
