/** Positions of one page of the KV cache. */
export const PAGE_POSITIONS = 32;

/** The widest head (the host refuses others): a query of 16 bits times a key of 8, summed over so many elements, stays within 32 bits. */
export const MAX_HEAD_DIMENSION = 256;

/** Heads that are computed together, as many as V8 keeps in registers. */
const MAX_TILE = 4;

export type KvCacheKind = 'F32' | 'Q8';

/** Bytes of the keys and values of one layer and key-value head in a page. A multiple of 64. */
export function kvBlockBytes(kind: KvCacheKind, headDimension: number): number {
  return kind === 'F32' ? PAGE_POSITIONS * headDimension * 8 : PAGE_POSITIONS * (headDimension * 2 + 8);
}

/** Bytes of a page: 32 positions of all layers. */
export function kvPageBytes(kind: KvCacheKind, layers: number, keyValueHeads: number, headDimension: number): number {
  return layers * keyValueHeads * kvBlockBytes(kind, headDimension);
}

/**
 * Bytes from a page's address to the next's in a chunk. Pages may be allocated several at a time, as a chunk of `chunkPages` times
 * kvPageBytes, in which each layer has its blocks of all these pages side by side: attention reads them in one go, where each jump costs
 * the translation of an address and the memory's latency, and the processor does not fetch ahead across it. SmolLM2-135M's attention at
 * 1000 positions takes 1.98 ms a step in chunks of 1 page, 1.66 of 2, 1.51 of 4, 1.45 of 8, 1.41 in one chunk (bench/kernels/attention.ts).
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
