import { waitUntil } from 'cloudflare:workers';
import relaxed from '../../dist/kernels/relaxed.wasm';
import vnni from '../../dist/kernels/vnni.wasm';
import { chooseKernels } from '../kernels/kernel-variant.ts';
import type { AccessBindings } from './access-from-env.ts';
import { IsolateModels } from './isolate-models.ts';
import {
  baseIds,
  type EngineVariables,
  parseEngines,
  parseMemoryLimit,
  parseModelIds,
  parseSampling,
  parseScheduling,
  type SchedulingVariables,
} from './worker-variables.ts';

/** The bindings and variables that the Worker reads. wrangler.toml says what each means. */
export interface WorkerEnv extends EngineVariables, SchedulingVariables, AccessBindings {
  MODELS: R2Bucket;
  ASSETS?: Fetcher;
  MODEL_IDS: string;
  MEMORY_LIMIT_MB?: string;
  MAX_WORK?: string;
  CPU_BUDGET_MS?: string;
  SAMPLING?: string;
  LOG_REQUESTS?: string;
}

/**
 * Makes the models that the Worker's variables name, from its bucket. Call it once for each isolate, so that what is
 * loaded stays loaded.
 * @throws Error for a variable with an invalid value
 * @example
 * import { createApp, modelsFromEnv, type WorkerEnv } from 'gpt-edge';
 *
 * let app: ReturnType<typeof createApp> | undefined;
 * export default {
 *   fetch(request, env, context) {
 *     app ??= createApp({ host: modelsFromEnv(env), isPublic: true });
 *     return app.fetch(request, env, context);
 *   },
 * } satisfies ExportedHandler<WorkerEnv>;
 */
export function modelsFromEnv(env: WorkerEnv): IsolateModels {
  const ids = parseModelIds(env.MODEL_IDS);
  return new IsolateModels({
    bucket: env.MODELS,
    ids,
    engineOf: parseEngines(env, baseIds(ids)),
    samplingOf: parseSampling(env.SAMPLING, baseIds(ids)),
    kernels: chooseKernels({ relaxed, vnni }),
    scheduling: parseScheduling(env),
    memoryLimitMegabytes: parseMemoryLimit(env.MEMORY_LIMIT_MB),
    keepAlive: waitUntil,
  });
}
