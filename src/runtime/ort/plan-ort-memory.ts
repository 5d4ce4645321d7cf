import { externalDataFiles, GRAPH_FILE } from '../../core/folder/graph-files.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import { type MemoryPlan, memoryPlan, tokenizerHeap } from '../../core/memory-plan.ts';

/**
 * What onnxruntime-web takes before any model is loaded, with the model's graph and buffers and the slack of a
 * growing memory.
 */
const ENGINE_BYTES = 16e6;
/** onnxruntime-web holds each matrix twice: as it was loaded, and in the layout of its kernels. */
const WEIGHT_COPIES = 2;

/** What a model needs in a Worker that runs it on onnxruntime-web: an upper estimate. */
export function planOrtMemory(manifest: Manifest): MemoryPlan {
  return memoryPlan([
    { name: 'engine', bytes: ENGINE_BYTES },
    { name: 'weights', bytes: WEIGHT_COPIES * computedBytes(manifest) },
    tokenizerHeap(manifest),
    { name: `KV cache of ${manifest.contextWindow} tokens`, bytes: manifest.kvBytesPerToken * manifest.contextWindow },
  ]);
}

/** Bytes of the weights as they are computed with: float16 in float32, quantized weights as they are stored. */
function computedBytes({ dtype, files }: Manifest): number {
  const external = externalDataFiles(Object.keys(files));
  // A graph without external data contains its weights.
  const names = external.length > 0 ? external : [GRAPH_FILE];
  const bytes = names.reduce((sum, name) => sum + (files[name]?.bytes ?? 0), 0);
  return bytes * (dtype === 'fp16' ? 2 : 1);
}
