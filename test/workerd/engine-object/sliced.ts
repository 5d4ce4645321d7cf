import { env, runInDurableObject } from 'cloudflare:test';
import { createApp } from '../../../src/api/app.ts';
import type { EngineObject } from '../../../src/engine-object/engine-object.ts';
import { createFront } from '../../../src/engine-object/front.ts';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import type { WorkerEnv } from '../../../src/worker/models-from-env.ts';
import { testEnv } from '../helpers.ts';

const namespace = (env as unknown as { ENGINE_NAMESPACE: DurableObjectNamespace<EngineObject> }).ENGINE_NAMESPACE;

/** A front to one object. */
export const frontApp = () =>
  createApp({
    host: isolateModels(env as unknown as WorkerEnv),
    isPublic: true,
    log: () => {},
    engine: createFront({ namespace, objectCount: 1, modelIds: [testEnv.MODEL_IDS], answerSeconds: 60 }),
  });

export const stub = () => namespace.get(namespace.idFromName(`local/${testEnv.MODEL_IDS}/0`));

type ReachableObject = { env: Record<string, unknown> };

/** Ends the object in the middle of whatever it does, as the platform may. */
export const reset = () => runInDurableObject(stub(), (_, state) => state.abort('reset')).catch(() => {});

/** Begins the object anew, with another CPU_BUDGET_MS. */
export async function withBudget(milliseconds: number): Promise<void> {
  await reset();
  await runInDurableObject(stub(), (object) => {
    const reachable = object as unknown as ReachableObject;
    reachable.env = { ...reachable.env, CPU_BUDGET_MS: String(milliseconds) };
  });
}
