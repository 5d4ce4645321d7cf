import { externalDataFiles, GRAPH_FILE } from '../../core/folder/graph-files.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import { type MemoryPlan, memoryPlan, vocabularyHeap } from '../../core/memory-plan.ts';

/**
 * What onnxruntime-web takes besides the weights: its memory before any model is loaded, the model's graph and buffers,
 * and the slack of a memory that grows in steps.
 */
const ENGINE_BYTES = 16e6;
/** onnxruntime-web holds each matrix twice: as it was loaded, and in the layout of its kernels. */
const WEIGHT_COPIES = 2;

/**
 * What a model needs in a Worker that runs it on onnxruntime-web: an upper estimate.
 * @param contextWindow positions of the longest sequence, at most the model's own
 */
export function planOrtMemory(manifest: Manifest, contextWindow: number = manifest.contextWindow): MemoryPlan {
  const vocabulary = vocabularyHeap(manifest);
  const plan = memoryPlan([
    { name: 'engine', bytes: ENGINE_BYTES },
    { name: 'weights', bytes: WEIGHT_COPIES * computedBytes(manifest) },
    ...vocabulary,
    { name: `KV cache of ${contextWindow} tokens`, bytes: manifest.kvBytesPerToken * contextWindow },
  ]);
  return { ...plan, retainedBytes: plan.totalBytes - memoryPlan(vocabulary).totalBytes };
}

/**
 * Bytes of the weights in the form in which they are computed: float16 is widened to float32, and quantized weights
 * stay as they are stored.
 */
function computedBytes({ dtype, files }: Manifest): number {
  const external = externalDataFiles(Object.keys(files));
  // A graph without external data contains its weights.
  const names = external.length > 0 ? external : [GRAPH_FILE];
  const bytes = names.reduce((sum, name) => sum + (files[name]?.bytes ?? 0), 0);
  return bytes * (dtype === 'fp16' ? 2 : 1);
}
