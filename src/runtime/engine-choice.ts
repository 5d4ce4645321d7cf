import type { CacheFormat } from './edge/plan/cache-format.ts';

/** Which engine runs a model: `auto` takes `edge` if it supports every operator of the graph, else `ort`. */
export const ENGINES = ['auto', 'edge', 'ort'] as const;
export type Engine = (typeof ENGINES)[number];

/** How the edge engine stores keys and values: `auto` in float32 if that fits into memory, else in 8 bits. */
export const CACHE_FORMATS = ['auto', 'f32', 'q8'] as const;

export interface EngineChoice {
  readonly engine: Engine;
  readonly cacheFormat: 'auto' | CacheFormat;
}
