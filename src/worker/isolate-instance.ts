import type { IsolateModels } from './isolate-models.ts';
import { modelsFromEnv, type WorkerEnv } from './models-from-env.ts';

let models: IsolateModels | undefined;

/**
 * The models of this isolate. The Worker and several engine objects may share one, and with it its memory, so there is
 * one instance for all of them.
 */
export function isolateModels(env: WorkerEnv): IsolateModels {
  models ??= modelsFromEnv(env);
  return models;
}
