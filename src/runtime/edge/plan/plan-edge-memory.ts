import { externalDataFiles } from '../../../core/folder/graph-files.ts';
import type { Manifest } from '../../../core/folder/manifest.ts';
import { PIECE_BYTES } from '../../../core/folder/model-files.ts';
import { type MemoryPlan, memoryPlan, tokenizerHeap } from '../../../core/memory-plan.ts';
import { CACHE_FORMAT_KERNELS } from './cache-shape.ts';
import { memoryLayout } from './memory-layout.ts';
import type { EdgePlan } from './plan-graph.ts';

/**
 * Bytes of the JavaScript heap: the Worker's code, the plan, and what a request needs. Measured in workerd (npm run
 * bench): 9.8 MB with a vocabulary of 49,152 and a full context window.
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
  const cache = plan.cache.windowBlocks * plan.cache.blockBytes;
  const loading = loadingBytes(manifest);
  const parts = [
    { name: 'heap', bytes: HEAP_BYTES },
    { name: 'weights', bytes: weights },
    { name: 'buffers', bytes: end - weights },
    tokenizerHeap(manifest),
    ...(loading > cache ? [{ name: 'loading, beyond the KV cache', bytes: loading - cache }] : []),
    {
      name: `KV cache of ${contextWindow} tokens in ${CACHE_FORMAT_KERNELS[cacheFormat].description}`,
      bytes: cache,
    },
  ];
  return memoryPlan(parts, { sharedBytes: HEAP_BYTES });
}

/**
 * Bytes of files that are held while a model loads, at a time when there is no KV cache yet: the pieces in which
 * weights are streamed, and the tokenizer's file.
 */
function loadingBytes({ files }: Manifest): number {
  const streamed = externalDataFiles(Object.keys(files)).map((name) => Math.min(files[name].bytes, 2 * PIECE_BYTES));
  return Math.max(0, ...streamed) + (files['tokenizer.json']?.bytes ?? 0);
}
