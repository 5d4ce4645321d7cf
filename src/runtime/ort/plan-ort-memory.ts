import { externalDataFiles, GRAPH_FILE } from '../../core/folder/graph-files.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import { type MemoryPlan, memoryPlan, tokenizerHeap } from '../../core/memory-plan.ts';

/** onnxruntime-web's memory before any model, and its graph, buffers and growth. */
const ENGINE_BYTES = 16e6;
/** onnxruntime-web holds matrices as they were loaded and as its kernels want them. */
const WEIGHT_COPIES = 2;

/** What a model needs in a Worker on onnxruntime-web. An estimate from above. */
export function planOrtMemory(manifest: Manifest): MemoryPlan {
  return memoryPlan([
    { name: 'engine', bytes: ENGINE_BYTES },
    { name: 'weights', bytes: WEIGHT_COPIES * computedBytes(manifest) },
    tokenizerHeap(manifest),
    { name: `KV cache of ${manifest.contextWindow} tokens`, bytes: manifest.kvBytesPerToken * manifest.contextWindow },
  ]);
}

/** Float16 is computed, and so held, in float32; quantized weights are held as they are stored. */
function computedBytes({ dtype, files }: Manifest): number {
  const external = externalDataFiles(Object.keys(files));
  // A graph without external data holds its weights itself.
  const names = external.length > 0 ? external : [GRAPH_FILE];
  const bytes = names.reduce((sum, name) => sum + (files[name]?.bytes ?? 0), 0);
  return bytes * (dtype === 'fp16' ? 2 : 1);
}
