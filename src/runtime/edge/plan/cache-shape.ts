import { type KvCacheKind, kvLayerOffset, kvPageBytes, kvPageStride, PAGE_POSITIONS } from '../../../kernels/attention-layouts.ts';

/** How keys and values are kept: as float32, or as 8 bits with a scale for each position and head. */
export type CacheFormat = 'f32' | 'q8';

/** What depends on the format of the KV cache: the layout that kernels know, the kernels, and how messages name it. */
export const CACHE_FORMAT_KERNELS = {
  f32: { layout: 'F32', append: 'appendF32', attend: 'attendF32', description: 'float32' },
  q8: { layout: 'Q8', append: 'appendQ8', attend: 'attendQ8', description: '8 bits' },
} as const satisfies Record<CacheFormat, { layout: KvCacheKind; append: string; attend: string; description: string }>;

/** What a KV cache has to serve. */
export interface CacheOptions {
  readonly contextWindow: number;
  readonly cacheFormat: CacheFormat;
}

/** Heads and layers of the graph's attention nodes, which all have the same heads. */
export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDimension: number;
  readonly layers: number;
}

/** How the KV cache of a plan is laid out. */
export interface CacheShape {
  readonly blockPages: number;
  readonly blockPositions: number;
  readonly blockBytes: number;
  /** Bytes from one page to the next within a block. */
  readonly pageStride: number;
  /** Blocks of a sequence that fills the context window. */
  readonly windowBlocks: number;
}

/**
 * Pages of a block. Within a block, each layer's pages lie side by side, so that attention reads them in one go. Four
 * pages cost 5 % of attention's time at 1,000 positions, compared with a single block for all positions; in return,
 * eight requests of 128 positions fit into what one request of 1,024 positions takes.
 */
const BLOCK_PAGES = 4;

export function cacheShape(options: CacheOptions, { layers, keyValueHeads, headDimension }: AttentionShape): CacheShape {
  const { layout } = CACHE_FORMAT_KERNELS[options.cacheFormat];
  const blockPages = blockPagesOf(options);
  const blockPositions = blockPages * PAGE_POSITIONS;
  return {
    blockPages,
    blockPositions,
    blockBytes: blockPages * kvPageBytes(layout, layers, keyValueHeads, headDimension),
    pageStride: kvPageStride(layout, keyValueHeads, headDimension),
    windowBlocks: Math.ceil(options.contextWindow / blockPositions),
  };
}

/** Bytes from the address of a page to the part of one layer. */
export function layerOffset(
  options: CacheOptions,
  layer: number,
  { keyValueHeads, headDimension }: Pick<AttentionShape, 'keyValueHeads' | 'headDimension'>,
): number {
  const { layout } = CACHE_FORMAT_KERNELS[options.cacheFormat];
  return kvLayerOffset(layout, layer, blockPagesOf(options), keyValueHeads, headDimension);
}

/** A block is never larger than the context window. */
function blockPagesOf({ contextWindow }: CacheOptions): number {
  return Math.min(BLOCK_PAGES, Math.ceil(contextWindow / PAGE_POSITIONS));
}
