import type { CacheFormat } from './edge/plan/cache-shape.ts';

/**
 * The engines that may be asked for. `auto` takes `edge` if it supports all of the graph's operators, and `ort`
 * otherwise.
 */
export const ENGINES = ['auto', 'edge', 'ort'] as const;
export type Engine = (typeof ENGINES)[number];

/**
 * How the edge engine may keep keys and values. `auto` takes float32 if that fits into the memory limit, and 8 bits
 * otherwise.
 */
export const CACHE_FORMATS = ['auto', 'f32', 'q8'] as const;

/** Which engine is to run a model, how it keeps its KV cache, and how long a sequence may be. */
export interface EngineChoice {
  readonly engine: Engine;
  readonly cacheFormat: 'auto' | CacheFormat;
  /** Positions of the longest sequence. Default: as many of the model's own as the memory limit has room for. */
  readonly contextWindow?: number;
}
