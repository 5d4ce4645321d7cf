import { createApp } from './api/app.ts';
import { modelsFromEnv } from './worker/models-from-env.ts';
import type { WorkerEnv } from './worker/worker-env.ts';

let app: ReturnType<typeof createApp> | undefined;

/** The Worker: one app and one set of models for each isolate. */
export default {
  fetch(request, env, context) {
    app ??= createApp({
      host: modelsFromEnv(env),
      isPublic: env.PUBLIC === 'true',
      log: env.LOG_REQUESTS === 'false' ? () => {} : undefined,
      assets: env.ASSETS,
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<WorkerEnv>;
