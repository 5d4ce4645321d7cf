import { createApp } from './api/app.ts';
import { type FrontEnv, frontFromEnv } from './engine-object/front-from-env.ts';
import { accessFromEnv } from './worker/access-from-env.ts';
import { isolateModels } from './worker/isolate-instance.ts';
import { parseMaxWork } from './worker/worker-variables.ts';

export { AccessObject } from './access/access-object.ts';
export { EngineObject } from './engine-object/engine-object.ts';

let app: ReturnType<typeof createApp> | undefined;

/** The Worker. Each isolate has one app with one set of models, or a front to the objects that have them. */
export default {
  fetch(request, env, context) {
    app ??= createApp({
      host: isolateModels(env),
      engine: frontFromEnv(env),
      ...accessFromEnv(env),
      maxWork: parseMaxWork(env.MAX_WORK),
      log: env.LOG_REQUESTS === 'false' ? () => {} : undefined,
      assets: env.ASSETS,
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<FrontEnv>;
