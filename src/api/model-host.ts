import type { Manifest } from '../core/folder/manifest.ts';
import type { MemoryPlan } from '../core/memory-plan.ts';
import type { LanguageModel } from '../generation/language-model.ts';

/** How much of a model is loaded into this isolate. */
export interface LoadState {
  state: 'cold' | 'loading' | 'ready';
  /** Bytes read so far, of those in `totalBytes`. */
  loadedBytes: number;
  /** Bytes of all files that loading reads. */
  totalBytes: number;
}

/** What is known of a served model without loading it. */
export interface ModelDescription {
  manifest: Manifest;
  /** When the model was put into the bucket. */
  uploaded: Date;
  /** The engine that runs the model. */
  engine: 'edge' | 'ort';
  /** The memory it takes to serve one sequence that fills the context window. */
  memory: MemoryPlan;
  load: LoadState;
}

/**
 * The models of one deployment, as the routes see them. `IsolateModels` is the host over an R2 bucket; a test or an app
 * of your own may implement another.
 * @example
 * // A host that notes how long each model takes to load or to be found loaded.
 * const timed = (host: ModelHost): ModelHost => ({
 *   ids: host.ids,
 *   describe: (id) => host.describe(id),
 *   async get(id) {
 *     const started = Date.now();
 *     const model = await host.get(id);
 *     console.log(`${model.id}: ${Date.now() - started} ms`);
 *     return model;
 *   },
 * });
 */
export interface ModelHost {
  /** Ids of the served models. The first is the default. */
  readonly ids: readonly string[];
  /**
   * A model that is ready to generate; it is loaded first if need be. Without an id, the default model.
   * @throws GptEdgeError `model_not_found`, `model_unavailable`, `memory_limit_exceeded` or `unsupported_model`
   */
  get(id?: string): Promise<LanguageModel>;
  /**
   * Describes a model without loading it.
   * @throws GptEdgeError `model_not_found` or `model_unavailable`
   */
  describe(id: string): Promise<ModelDescription>;
}
