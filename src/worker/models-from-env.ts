import { waitUntil } from 'cloudflare:workers';
import kernels from '../../dist/kernels/relaxed.wasm';
import { IsolateModels } from './isolate-models.ts';
import { parseEngines } from './parse-engines.ts';
import { parseMemoryLimit } from './parse-memory-limit.ts';
import { parseModelIds } from './parse-model-ids.ts';
import type { WorkerEnv } from './worker-env.ts';

/**
 * The models that the Worker's variables name, from its bucket, to be made once for each isolate.
 * @throws Error for a variable that says what none can
 */
export function modelsFromEnv(env: WorkerEnv): IsolateModels {
  const ids = parseModelIds(env.MODEL_IDS);
  return new IsolateModels({
    bucket: env.MODELS,
    ids,
    engineOf: parseEngines(env.ENGINE, env.KV_CACHE, ids),
    kernels,
    memoryLimitMegabytes: parseMemoryLimit(env.MEMORY_LIMIT_MB),
    keepAlive: waitUntil,
  });
}
