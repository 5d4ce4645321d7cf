import { createApp } from './api/app.ts';
import { type FrontEnv, frontFromEnv } from './engine-object/front-from-env.ts';
import { CpuAllowance } from './generation/cpu-allowance.ts';
import { accessFromEnv } from './worker/access-from-env.ts';
import { isolateModels } from './worker/isolate-instance.ts';
import type { WorkerEnv } from './worker/models-from-env.ts';
import { parseCpuBudget, parseMaxWork } from './worker/worker-variables.ts';

export { AccessObject } from './access/access-object.ts';
export { EngineObject } from './engine-object/engine-object.ts';

let app: ReturnType<typeof createApp> | undefined;

/** In a Worker, the CPU time of each request is its own. */
function cpuAllowanceOf({ CPU_BUDGET_MS }: WorkerEnv): () => CpuAllowance | undefined {
  const milliseconds = parseCpuBudget(CPU_BUDGET_MS);
  return () => (milliseconds === undefined ? undefined : new CpuAllowance(milliseconds, { isRenewable: false }));
}

/** The Worker. Each isolate has one app with one set of models, or a front to the objects that have them. */
export default {
  fetch(request, env, context) {
    app ??= createApp({
      host: isolateModels(env),
      engine: frontFromEnv(env),
      ...accessFromEnv(env),
      maxWork: parseMaxWork(env.MAX_WORK),
      cpuAllowance: cpuAllowanceOf(env),
      log: env.LOG_REQUESTS === 'false' ? () => {} : undefined,
      assets: env.ASSETS,
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<FrontEnv>;
