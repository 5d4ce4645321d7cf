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

/**
 * Pages may be allocated several at a time, as a chunk of `chunkPages` times kvPageBytes, in which each layer has its blocks of all these
 * pages side by side: attention reads them in one go, where jumps to another place cost as much as the arithmetic of a page (a page's
 * translation and the memory's latency: no processor fetches ahead across them). The address of the chunk's page number `page`:
 * the chunk's plus page times this.
 */
export function kvPageStride(kind: KvCacheKind, keyValueHeads: number, headDimension: number): number {
  return keyValueHeads * kvBlockBytes(kind, headDimension);
}

/** The `offset` of a layer's blocks from the address of a page, for pages in chunks of `chunkPages`. */
export function kvLayerOffset(kind: KvCacheKind, layer: number, chunkPages: number, keyValueHeads: number, headDimension: number): number {
  return layer * chunkPages * kvPageStride(kind, keyValueHeads, headDimension);
}

/** Scratch of attendF32 or attendQ8, however many rows and positions: an area for each tile of heads that share a key-value head. */
export function attentionScratchBytes(heads: number, keyValueHeads: number, headDimension: number): number {
  const area = 960 + headDimension * 80;
  return keyValueHeads * Math.ceil(heads / keyValueHeads / MAX_TILE) * area;
}
