import { createApp } from './api/app.ts';
import { CpuAllowance } from './generation/cpu-allowance.ts';
import { modelsFromEnv, type WorkerEnv } from './worker/models-from-env.ts';
import { parseCpuBudget, parseMaxWork } from './worker/worker-variables.ts';

let app: ReturnType<typeof createApp> | undefined;

/** In a Worker, the CPU time of each request is its own. */
function cpuAllowanceOf({ CPU_BUDGET_MS }: WorkerEnv): () => CpuAllowance | undefined {
  const milliseconds = parseCpuBudget(CPU_BUDGET_MS);
  return () => (milliseconds === undefined ? undefined : new CpuAllowance(milliseconds, { isRenewable: false }));
}

/** The Worker. Each isolate has one app with one set of models. */
export default {
  fetch(request, env, context) {
    app ??= createApp({
      host: modelsFromEnv(env),
      isPublic: env.PUBLIC === 'true',
      maxWork: parseMaxWork(env.MAX_WORK),
      cpuAllowance: cpuAllowanceOf(env),
      log: env.LOG_REQUESTS === 'false' ? () => {} : undefined,
      assets: env.ASSETS,
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<WorkerEnv>;
