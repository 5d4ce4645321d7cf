import { createApp } from './api/app.ts';
import { accessFromEnv, handedAccessFromEnv } from './worker/access-from-env.ts';
import { type BatchEnv, batchesFromEnv, consumeBatches } from './worker/batches-from-env.ts';
import { modelsFromEnv, type WorkerEnv } from './worker/models-from-env.ts';
import { parseMaxWork } from './worker/worker-variables.ts';

export { AccessObject } from './access/access-object.ts';
export { BatchObject } from './batch/batch-object.ts';

type Env = WorkerEnv & BatchEnv;

/** The apps of an isolate, which share its models: one for its callers, and one for the requests of their batches. */
let apps: Record<'callers' | 'batches', ReturnType<typeof createApp>> | undefined;

function appsOf(env: Env) {
  if (apps) return apps;
  const log = env.LOG_REQUESTS === 'false' ? () => {} : undefined;
  const engine = { host: modelsFromEnv(env), maxWork: parseMaxWork(env.MAX_WORK), log };
  apps = {
    callers: createApp({ ...engine, ...accessFromEnv(env), batches: batchesFromEnv(env), assets: env.ASSETS }),
    batches: createApp({ ...engine, ...handedAccessFromEnv(env) }),
  };
  return apps;
}

/** The Worker. Each isolate has one set of models. */
export default {
  fetch: (request, env, context) => appsOf(env).callers.fetch(request, env, context),
  queue: (batch, env, context) => consumeBatches(batch, env, (request) => appsOf(env).batches.fetch(request, env, context)),
} satisfies ExportedHandler<Env>;
