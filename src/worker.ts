import { waitUntil } from 'cloudflare:workers';
import kernels from '../dist/kernels/relaxed.wasm';
import { createApp } from './api/create-app.ts';
import { IsolateModels } from './worker/isolate-models.ts';
import { parseEngines } from './worker/parse-engines.ts';
import { parseMemoryLimit } from './worker/parse-memory-limit.ts';
import { parseModelIds } from './worker/parse-model-ids.ts';

let app: ReturnType<typeof createApp> | undefined;

/** The Worker: one app and one set of models for each isolate. */
export default {
  fetch(request, env, context) {
    app ??= createApp({ host: isolateModels(env), isPublic: env.PUBLIC === 'true' });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;

function isolateModels(env: Env): IsolateModels {
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
