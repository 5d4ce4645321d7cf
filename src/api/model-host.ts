import type { Manifest } from '../core/folder/manifest.ts';
import type { ModelCard } from '../core/folder/model-card.ts';
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

/** What is known of an adapter without loading it. */
export interface AdapterDescription {
  name: string;
  /** The greatest rank of its matrices. */
  rank: number;
  parameters: number;
  multiplyAddsPerToken: number;
  dtype: string;
  /** What it was converted from, in words. */
  source: string;
  /** Bytes of its files. */
  bytes: number;
  isLoaded: boolean;
}

/** Whether a model can be served here. */
export interface ModelReadiness {
  /** `loadable`: its files are there, and it fits; the first request loads it. */
  state: 'ready' | 'loading' | 'loadable' | 'failed';
  /** null if it is not known which version is current. */
  version: string | null;
  /** Why it has failed. */
  failure?: unknown;
}

/** What is known of a served model without loading it: of the version that answers requests from now on. */
export interface ModelDescription {
  /** The base model's, for one with an adapter. */
  manifest: Manifest;
  /** The beginning of the manifest's SHA-256, by which `gpt-edge push` and `rollback` name the version. */
  version: string;
  /** Names of the model's adapters, with each of which it is served as a model of its own, `<id>:<name>`. */
  adapters: readonly string[];
  /** The adapter, if the id names one. */
  adapter?: AdapterDescription;
  /** When the model was put into the bucket. */
  uploaded: Date;
  /** The engine that runs the model. */
  engine: 'edge' | 'ort';
  /** Which build of the kernels runs on this host. All give the same results. */
  kernels: 'plain' | 'relaxed' | 'vnni';
  /** Positions of the longest sequence that is served: the model's own context window, or as much of it as fits. */
  contextWindow: number;
  /** The memory that it takes to serve one sequence that fills that window. */
  memory: MemoryPlan;
  load: LoadState;
  /** Whether the model has a chat template. Without one it completes texts, and cannot chat. */
  hasChatTemplate: boolean;
  /** Floats of an embedding; null if the engine that runs the model gives none. */
  embeddingSize: number | null;
  /** What its model card says about its use; null if it has no card. */
  card: ModelCard | null;
  /** Why the model cannot answer, as far as that is known; what `get` threw the last time, for one. */
  failure?: unknown;
}

/**
 * The models of one deployment, as the routes see them. `IsolateModels` is the host over an R2 bucket; a test or an app
 * of your own may implement another.
 * @example
 * // A host that prints how long each request waits for its model.
 * const timed = (host: ModelHost): ModelHost => ({
 *   ids: host.ids,
 *   describe: (id) => host.describe(id),
 *   async get(id, until, version) {
 *     const started = Date.now();
 *     const model = await host.get(id, until, version);
 *     console.log(`${model.id}: ${Date.now() - started} ms`);
 *     return model;
 *   },
 * });
 */
export interface ModelHost {
  /**
   * Ids of the served models. The first is the default. A model's adapters are served too, as `<id>:<adapter>`; such an
   * id may also stand here by itself.
   */
  readonly ids: readonly string[];
  /**
   * Returns a model that is ready to generate, and loads it first if necessary. Without an id, it returns the default
   * model.
   * @param until settles when the caller no longer uses the model; until then, it is not unloaded to make room for
   *   another
   * @param version the version with which an answer has begun that now goes on here. Default: the current one; also if
   *   the version is gone
   * @throws GptEdgeError `model_not_found`, `model_unavailable`, `memory_limit_exceeded`, `unsupported_model`, or
   *   `overloaded` if other models that are being used leave no room for it
   */
  get(id?: string, until?: Promise<unknown>, version?: string): Promise<LanguageModel>;
  /**
   * Returns a model if it is loaded now, and does not keep it so. Without this method, GET /v1/engine tells nothing of
   * the models, and every request counts as one that had to load its model.
   */
  loaded?(id: string): LanguageModel | undefined;
  /**
   * Describes a model without loading it.
   * @throws GptEdgeError `model_not_found` or `model_unavailable`
   */
  describe(id: string): Promise<ModelDescription>;
  /** Says whether a model can be served, and throws nothing. Without this method, GET /ready asks `describe`. */
  readiness?(id: string): Promise<ModelReadiness>;
}
