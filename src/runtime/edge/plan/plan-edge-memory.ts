import type { Manifest } from '../../../core/folder/manifest.ts';
import { type MemoryPlan, memoryPlan, tokenizerHeap } from '../../../core/memory-plan.ts';
import { memoryLayout } from './memory-layout.ts';
import type { EdgePlan } from './plan-graph.ts';

/**
 * JavaScript heap of the Worker itself, its code, the plan, the sampler's memory and what a request needs: 10.4 MB measured in workerd with a
 * vocabulary of 49,152 and its window full (npm run bench). Pieces of the weights on their way into memory take 8.4 MB, before there is a KV cache.
 */
const HEAP_BYTES = 10.5e6;

/** What a planned model needs in a Worker. All but heap and tokenizer is what is really taken. */
export function planEdgeMemory(plan: EdgePlan, manifest: Manifest): MemoryPlan {
  const { end } = memoryLayout(plan);
  const weights = plan.weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const { contextWindow, cacheFormat } = plan.options;
  const format = cacheFormat === 'q8' ? '8 bits' : 'float32';
  return memoryPlan([
    { name: 'heap', bytes: HEAP_BYTES },
    { name: 'weights', bytes: weights },
    { name: 'buffers', bytes: end - weights },
    tokenizerHeap(manifest),
    {
      name: `KV cache of ${contextWindow} tokens in ${format}`,
      bytes: plan.cache.windowBlocks * plan.cache.blockBytes,
    },
  ]);
}
