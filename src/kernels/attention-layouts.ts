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

/** Scratch of attendF32 or attendQ8, however many rows and positions: an area for each tile of heads that share a key-value head. */
export function attentionScratchBytes(heads: number, keyValueHeads: number, headDimension: number): number {
  const area = 832 + headDimension * 80;
  return keyValueHeads * Math.ceil(heads / keyValueHeads / MAX_TILE) * area;
}
