import { kvLayerOffset, kvPageBytes, kvPageStride, PAGE_POSITIONS } from '../../../kernels/attention-layouts.ts';
import type { AttentionShape, PlanOptions } from './plan-builder.ts';

/**
 * Pages that are allocated together, in which each layer has its part in one piece: attention reads it in one go. Four cost 5 % of
 * attention's time at 1,000 positions against one piece for all, and let eight requests of 128 positions share what one of 1,024 takes.
 */
const BLOCK_PAGES = 4;

/** How the KV cache of a plan is laid out. */
export interface CacheShape {
  readonly blockPages: number;
  readonly blockPositions: number;
  readonly blockBytes: number;
  /** Bytes from a page to the next in a chunk. */
  readonly pageStride: number;
  /** Chunks of a sequence of the whole context window. */
  readonly windowBlocks: number;
}

type Sizes = Pick<AttentionShape, 'keyValueHeads' | 'headDimension'>;

export function cacheShape(options: PlanOptions, { layers, keyValueHeads, headDimension }: AttentionShape): CacheShape {
  const kind = kernelKind(options);
  const blockPages = blockPagesOf(options);
  return {
    blockPages,
    blockPositions: blockPages * PAGE_POSITIONS,
    blockBytes: blockPages * kvPageBytes(kind, layers, keyValueHeads, headDimension),
    pageStride: kvPageStride(kind, keyValueHeads, headDimension),
    windowBlocks: Math.ceil(options.contextWindow / (blockPages * PAGE_POSITIONS)),
  };
}

/** Bytes from a page's address to a layer's part of it. */
export function layerOffset(options: PlanOptions, layer: number, { keyValueHeads, headDimension }: Sizes): number {
  return kvLayerOffset(kernelKind(options), layer, blockPagesOf(options), keyValueHeads, headDimension);
}

/** No more than the context window has. */
function blockPagesOf({ contextWindow }: PlanOptions): number {
  return Math.min(BLOCK_PAGES, Math.ceil(contextWindow / PAGE_POSITIONS));
}

function kernelKind({ cacheFormat }: PlanOptions): 'F32' | 'Q8' {
  return cacheFormat === 'q8' ? 'Q8' : 'F32';
}
