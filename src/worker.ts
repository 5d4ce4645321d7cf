import { waitUntil } from 'cloudflare:workers';
import { createApp } from './api/create-app.ts';
import { IsolateModels } from './worker/isolate-models.ts';
import { parseMemoryLimit } from './worker/parse-memory-limit.ts';
import { parseModelIds } from './worker/parse-model-ids.ts';

let app: ReturnType<typeof createApp> | undefined;

/** The Worker: one app and one set of models for each isolate. */
export default {
  fetch(request, env, context) {
    app ??= createApp({
      host: new IsolateModels({
        bucket: env.MODELS,
        ids: parseModelIds(env.MODEL_IDS),
        memoryLimitMegabytes: parseMemoryLimit(env.MEMORY_LIMIT_MB),
        keepAlive: waitUntil,
      }),
      isPublic: env.PUBLIC === 'true',
      assets: env.ASSETS,
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
