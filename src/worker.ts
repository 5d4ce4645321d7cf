import { createApp } from './api/app.ts';
import { errorBody, statusOf } from './api/http/errors.ts';
import { GptEdgeError } from './core/errors.ts';
import { type FrontEnv, frontFromEnv } from './engine-object/front-from-env.ts';
import { CpuAllowance } from './generation/cpu-allowance.ts';
import { accessFromEnv, handedAccessFromEnv } from './worker/access-from-env.ts';
import { type BatchEnv, batchesFromEnv, consumeBatches } from './worker/batches-from-env.ts';
import { isolateModels } from './worker/isolate-instance.ts';
import type { WorkerEnv } from './worker/models-from-env.ts';
import { parseCpuBudget, parseMaxWork } from './worker/worker-variables.ts';

export { AccessObject } from './access/access-object.ts';
export { BatchObject } from './batch/batch-object.ts';
export { EngineObject } from './engine-object/engine-object.ts';

type Env = FrontEnv & BatchEnv;

/** The apps of an isolate, over the same models: one for its callers, and one for the requests of their batches. */
let apps: Record<'callers' | 'batches', ReturnType<typeof createApp>> | undefined;

function appsOf(env: Env) {
  if (apps) return apps;
  const engine = {
    host: isolateModels(env),
    engine: frontFromEnv(env),
    maxWork: parseMaxWork(env.MAX_WORK),
    cpuAllowance: cpuAllowanceOf(env),
    log: env.LOG_REQUESTS === 'false' ? () => {} : undefined,
  };
  apps = {
    callers: createApp({ ...engine, ...accessFromEnv(env), batches: batchesFromEnv(env), assets: env.ASSETS }),
    batches: createApp({ ...engine, ...handedAccessFromEnv(env) }),
  };
  return apps;
}

/** In a Worker, the CPU time of each request is its own. */
function cpuAllowanceOf({ CPU_BUDGET_MS }: WorkerEnv): () => CpuAllowance | undefined {
  const milliseconds = parseCpuBudget(CPU_BUDGET_MS);
  return () => (milliseconds === undefined ? undefined : new CpuAllowance(milliseconds, { isRenewable: false }));
}

/** Whoever asks a deployment with a wrong variable learns what is wrong, in the form of every other error. */
function configurationFault(error: unknown): Response {
  console.error(error);
  const fault = new GptEdgeError('not_configured', `The deployment is not configured rightly: ${(error as Error).message}`);
  return Response.json(errorBody(fault), { status: statusOf(fault.code) });
}

/** The Worker. Each isolate has one set of models, or a front to the objects that have them. */
export default {
  fetch(request, env, context) {
    try {
      return appsOf(env).callers.fetch(request, env, context);
    } catch (error) {
      return configurationFault(error);
    }
  },
  queue: (batch, env, context) => consumeBatches(batch, env, (request) => appsOf(env).batches.fetch(request, env, context)),
} satisfies ExportedHandler<Env>;
