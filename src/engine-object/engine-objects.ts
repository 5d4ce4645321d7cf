import type { EngineObject } from './engine-object.ts';

/** Which objects a deployment has. */
export interface EngineObjects {
  /** The binding of the class `EngineObject`. */
  readonly namespace: DurableObjectNamespace<EngineObject>;
  /** Objects for each model and region. */
  readonly objectCount: number;
  /** Ids of the served models, of which the first is the default. */
  readonly modelIds: readonly string[];
}
