import type { Manifest } from '../../../core/folder/manifest.ts';
import { type MemoryPlan, memoryPlan, tokenizerHeap } from '../../../core/memory-plan.ts';
import { CACHE_FORMAT_KERNELS } from './cache-shape.ts';
import { memoryLayout } from './memory-layout.ts';
import type { EdgePlan } from './plan-graph.ts';

/**
 * Bytes of the JavaScript heap: the Worker's code, the plan, and what a request needs. Measured in workerd (npm run
 * bench): 9.8 MB with a vocabulary of 49,152 and a full context window. The chunks of weights that
 * pass through the heap while a model loads take 8.4 MB, at a time when there is no KV cache yet.
 */
const HEAP_BYTES = 9.9e6;

/**
 * What a planned model needs in a Worker. Heap and tokenizer are estimates; everything else is exactly what is
 * allocated.
 */
export function planEdgeMemory(plan: EdgePlan, manifest: Manifest): MemoryPlan {
  const { end } = memoryLayout(plan);
  const weights = plan.weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const { contextWindow, cacheFormat } = plan.options;
  const parts = [
    { name: 'heap', bytes: HEAP_BYTES },
    { name: 'weights', bytes: weights },
    { name: 'buffers', bytes: end - weights },
    tokenizerHeap(manifest),
    {
      name: `KV cache of ${contextWindow} tokens in ${CACHE_FORMAT_KERNELS[cacheFormat].description}`,
      bytes: plan.cache.windowBlocks * plan.cache.blockBytes,
    },
  ];
  return memoryPlan(parts, { sharedBytes: HEAP_BYTES });
}
