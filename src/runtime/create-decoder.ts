import type { Decoder } from '../core/decoder.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { createEdgeDecoder } from './edge/create-edge-decoder.ts';
import { createOrtDecoder } from './ort/create-ort-decoder.ts';
import { adapterSizes, type EnginePlan } from './plan-engine.ts';

/**
 * Loads a model into the engine that was planned for it, and the prefixes that are stored with it.
 * @param kernels the compiled kernels: `gpt-edge/kernels/relaxed.wasm`, or what `chooseKernels` returns
 * @param limitBytes what the isolate may hold; what the plan leaves of it serves requests that come at the same time
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, `unsupported_model` for a graph
 *   that the engine refuses
 * @example
 * const plan = await planEngine(files, { engine: 'auto', cacheFormat: 'auto' }, 128e6);
 * const decoder = await createDecoder(files, plan, kernels, 128e6);
 * const logits = await decoder.createSequence().forward(tokens); // after the last token: [vocabularySize]
 */
export async function createDecoder(
  files: ModelFiles,
  planned: EnginePlan,
  kernels: WebAssembly.Module,
  limitBytes: number,
): Promise<Decoder> {
  const unused = Math.max(0, limitBytes - planned.memory.totalBytes);
  if (planned.engine === 'ort') {
    const { contextWindow } = planned;
    return createOrtDecoder(files, { kernels, cacheBytes: files.manifest.kvBytesPerToken * contextWindow + unused }, contextWindow);
  }
  const { cache, options } = planned.plan;
  // The plan has room for one adapter. Others share with the KV cache what is left.
  const sizes = adapterSizes(files.manifest);
  const largest = options.adapterBytes ?? 0;
  const others = Math.min(sum(sizes) - largest, Math.floor(unused / 2));
  const cacheBytes = cache.windowBlocks * cache.blockBytes + unused - others;
  return createEdgeDecoder(planned.plan, files, { kernels, cacheBytes, adapterBytes: largest + others, loadsPrefixes: true });
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
