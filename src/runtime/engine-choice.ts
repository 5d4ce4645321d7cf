import type { CacheFormat } from './edge/plan/cache-shape.ts';

/** Which engine runs a model: `auto` takes `edge` where its table covers the graph, and `ort` where not. */
export const ENGINES = ['auto', 'edge', 'ort'] as const;
export type Engine = (typeof ENGINES)[number];

/** How the edge engine keeps keys and values: `auto` in float32 where that fits, else in 8 bits. */
export const CACHE_FORMATS = ['auto', 'f32', 'q8'] as const;

export interface EngineChoice {
  readonly engine: Engine;
  readonly cacheFormat: 'auto' | CacheFormat;
}
