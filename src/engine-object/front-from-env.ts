import type { EngineFront } from '../api/http/forward-to-engine.ts';
import type { WorkerEnv } from '../worker/models-from-env.ts';
import { baseIds, parseModelIds, parseScheduling } from '../worker/worker-variables.ts';
import type { EngineObject } from './engine-object.ts';
import { createFront } from './front.ts';
import { type PlaceVariables, parsePlace } from './place-variables.ts';

/** Seconds that an object may need beyond those that a request may wait in it: to load a model, and to begin. */
const BEGIN_SECONDS = 60;

/** What the front reads of the Worker's bindings and variables. */
export interface FrontEnv extends WorkerEnv, PlaceVariables {
  /** The class `EngineObject`. Without it, the engine runs in the Worker. */
  ENGINE_NAMESPACE?: DurableObjectNamespace<EngineObject>;
}

/**
 * Makes the front that the Worker's variables describe.
 * @returns undefined if the engine runs in the Worker itself: by ENGINE_PLACE, or since the class is not bound
 * @throws Error for a variable with an invalid value
 * @example createApp({ host: modelsFromEnv(env), engine: frontFromEnv(env) });
 */
export function frontFromEnv(env: FrontEnv): EngineFront | undefined {
  const { place, objectCount } = parsePlace(env);
  if (place === 'worker' || env.ENGINE_NAMESPACE === undefined) return undefined;
  return createFront({
    namespace: env.ENGINE_NAMESPACE,
    objectCount,
    modelIds: baseIds(parseModelIds(env.MODEL_IDS)),
    answerSeconds: parseScheduling(env).queueSeconds + BEGIN_SECONDS,
  });
}
