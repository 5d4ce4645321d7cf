import { createApp } from './api/app.ts';
import { accessFromEnv } from './worker/access-from-env.ts';
import { modelsFromEnv, type WorkerEnv } from './worker/models-from-env.ts';
import { parseMaxWork } from './worker/worker-variables.ts';

export { AccessObject } from './access/access-object.ts';

let app: ReturnType<typeof createApp> | undefined;

/** The Worker. Each isolate has one app with one set of models. */
export default {
  fetch(request, env, context) {
    app ??= createApp({
      host: modelsFromEnv(env),
      ...accessFromEnv(env),
      maxWork: parseMaxWork(env.MAX_WORK),
      log: env.LOG_REQUESTS === 'false' ? () => {} : undefined,
      assets: env.ASSETS,
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<WorkerEnv>;
