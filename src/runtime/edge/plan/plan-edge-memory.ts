import { externalDataFiles } from '../../../core/folder/graph-files.ts';
import type { Manifest } from '../../../core/folder/manifest.ts';
import { PIECE_BYTES } from '../../../core/folder/model-files.ts';
import { type MemoryPlan, memoryPlan, vocabularyHeap } from '../../../core/memory-plan.ts';
import { CACHE_FORMAT_KERNELS } from './cache-shape.ts';
import { memoryLayout } from './memory-layout.ts';
import type { EdgePlan } from './plan-graph.ts';

/**
 * Bytes of all JavaScript but what `vocabularyHeap` counts: the Worker's code, the plan, and what requests need. Measured in workerd,
 * by its inspector, after a garbage collection and with the context window full (bench/worker/measure-memory.ts, which
 * `npm run bench` runs): with the tokenizer, objects and array buffers take 10.5 MB with the default model, and 14.1 MB
 * with SmolLM2-135M, whose graph has 30 layers. Without the tokenizer, that is 9.8 and 10.2 MB; 9.1 MB are
 * there before a model is loaded.
 */
const HEAP_BYTES = 10.5e6;

/**
 * What a planned model needs in a Worker. Heap, tokenizer and masks are estimates; everything else is exactly what is
 * allocated.
 */
export function planEdgeMemory(plan: EdgePlan, manifest: Manifest): MemoryPlan {
  const { end } = memoryLayout(plan);
  const weights = plan.weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const { contextWindow, cacheFormat, adapterBytes = 0 } = plan.options;
  const cache = plan.cache.windowBlocks * plan.cache.blockBytes;
  const loading = loadingBytes(manifest);
  const parts = [
    { name: 'heap', bytes: HEAP_BYTES },
    { name: 'weights', bytes: weights },
    ...(adapterBytes > 0 ? [{ name: 'one adapter', bytes: adapterBytes }] : []),
    { name: 'buffers', bytes: end - weights - adapterBytes },
    ...vocabularyHeap(manifest),
    ...(loading > cache ? [{ name: 'loading beyond the KV cache', bytes: loading - cache }] : []),
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
