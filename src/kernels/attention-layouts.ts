import { attentionAreaBytes, kvHalfBytes, MAX_TILE, PAGE_POSITIONS } from './layout-sizes.ts';

export { PAGE_POSITIONS };

/**
 * The widest head; the host refuses wider ones. A product of a 16-bit query and an 8-bit key, summed over this many
 * dimensions, still fits 32 bits.
 */
export const MAX_HEAD_DIMENSION = 256;

export type KvCacheKind = 'F32' | 'Q8';

/** Bytes of the keys and values of one key-value head of one layer in a page. A multiple of 64. */
export function kvHeadBytes(kind: KvCacheKind, headDimension: number): number {
  return kvHalfBytes(kind === 'Q8', headDimension) * 2;
}

/** Bytes of a page: 32 positions of all layers. */
export function kvPageBytes(kind: KvCacheKind, layers: number, keyValueHeads: number, headDimension: number): number {
  return layers * keyValueHeads * kvHeadBytes(kind, headDimension);
}

/**
 * Bytes from the address of one page to that of the next in a block. A block holds `blockPages` pages and takes that
 * many times kvPageBytes; within it, each layer has its keys and values of all these pages side by side. Attention then
 * reads them in one go. Each jump to another place would cost the translation of an address and the latency of memory,
 * because the processor does not fetch ahead across it. The attention of SmolLM2-135M at 1000 positions takes 1.98 ms
 * per step in blocks of 1 page, 1.66 of 2, 1.51 of 4, 1.45 of 8, and 1.41 in one block (bench/kernels/attention.ts).
 */
export function kvPageStride(kind: KvCacheKind, keyValueHeads: number, headDimension: number): number {
  return keyValueHeads * kvHeadBytes(kind, headDimension);
}

/**
 * Bytes from the address of a page to its keys and values of a layer (the kernels' `offset`), for blocks of
 * `blockPages` pages.
 */
export function kvLayerOffset(kind: KvCacheKind, layer: number, blockPages: number, keyValueHeads: number, headDimension: number): number {
  return layer * blockPages * kvPageStride(kind, keyValueHeads, headDimension);
}

/**
 * Bytes of the scratch of attendF32 or attendQ8, however many rows and positions there are: an area for each tile of
 * heads that share a key-value head.
 */
export function attentionScratchBytes(heads: number, keyValueHeads: number, headDimension: number): number {
  const tiles = Math.ceil(heads / keyValueHeads / MAX_TILE);
  return keyValueHeads * tiles * attentionAreaBytes(headDimension);
}
