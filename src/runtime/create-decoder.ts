import type { Decoder } from '../core/decoder.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { createEdgeDecoder } from './edge/create-edge-decoder.ts';
import { createOrtDecoder } from './ort/create-ort-decoder.ts';
import type { EnginePlan } from './plan-engine.ts';

/**
 * Loads a model into the engine that was planned for it.
 * @param kernels the compiled kernels of the edge engine
 * @param limitBytes bytes that the isolate may hold; what the plan leaves of them goes to the KV caches of further
 *   requests
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, `unsupported_model` for a graph that
 *   the engine refuses
 */
export async function createDecoder(
  files: ModelFiles,
  planned: EnginePlan,
  kernels: WebAssembly.Module,
  limitBytes: number,
): Promise<Decoder> {
  if (planned.engine === 'ort') return createOrtDecoder(files);
  const { windowBlocks, blockBytes } = planned.plan.cache;
  const cacheBytes = windowBlocks * blockBytes + Math.max(0, limitBytes - planned.memory.totalBytes);
  return createEdgeDecoder(planned.plan, files, { kernels, cacheBytes });
}
