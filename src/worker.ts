import { createApp } from './api/app.ts';
import { modelsFromEnv, type WorkerEnv } from './worker/models-from-env.ts';

let app: ReturnType<typeof createApp> | undefined;

/** The Worker. Each isolate has one app with one set of models. */
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
