import type { Decoder } from '../../core/decoder.ts';
import { createEdgeDecoder } from '../../runtime/edge/create-edge-decoder.ts';
import type { EngineChoice } from '../../runtime/engine-choice.ts';
import { ortDecoder } from '../../runtime/ort/ort-decoder.ts';
import { planEngine } from '../../runtime/plan-engine.ts';
import { compiledKernels } from '../compiled-kernels.ts';
import { DiskModelFiles } from '../disk-model-files.ts';
import type { ModelFolder } from '../model-folder.ts';
import { openOnnxSession, ort } from './onnx-session.ts';

/** What the KV caches of all sequences may take here. */
const CACHE_BYTES = 2 ** 31;

/**
 * Loads a model folder into an engine inside Node, where memory has no limit, and the KV cache is kept in float32
 * unless asked otherwise.
 * @throws GptEdgeError `invalid_file` or `unsupported_model` for a folder that is damaged, or whose graph the engine
 *   cannot run
 */
export async function openDecoder(folder: ModelFolder, choice: EngineChoice): Promise<Decoder> {
  const files = new DiskModelFiles(folder);
  const planned = await planEngine(files, choice, Number.POSITIVE_INFINITY);
  const options = { kernels: compiledKernels(), cacheBytes: CACHE_BYTES };
  if (planned.engine === 'edge') return createEdgeDecoder(planned.plan, files, options);
  const session = await openOnnxSession(folder.path);
  const served = { ...folder.manifest, contextWindow: planned.contextWindow };
  // Nothing else waits for its turn here.
  return { ...ortDecoder({ ort, session }, served, options), multiplyAddsPerTurn: Number.POSITIVE_INFINITY };
}
