import type { LoadState, ModelDescription, ModelHost } from '../api/model-host.ts';
import { GptEdgeError } from '../core/errors.ts';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { createDecoder } from '../runtime/create-decoder.ts';
import type { EngineChoice } from '../runtime/engine-choice.ts';
import { checkMemory, type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
import { LoadOnce } from '../storage/load-once.ts';
import { R2ModelFiles } from '../storage/r2-model-files.ts';
import { loadLanguageModel } from './load-language-model.ts';

/** Whether reading a file counts as loading. The graph does not count, because it is read before, to plan the model. */
const isLoading = (name: string): boolean => name !== GRAPH_FILE;

/** Bytes that are read while a model is loaded. */
const totalBytes = (manifest: Manifest): number =>
  loadedFiles(manifest).reduce((sum, [name, { bytes }]) => sum + (isLoading(name) ? bytes : 0), 0);

export interface IsolateModelsOptions {
  /** The bucket that holds each model under `models/<id>/`. */
  bucket: R2Bucket;
  /** Ids of the served models, of which the first is the default. */
  ids: readonly string[];
  /** Chooses the engine, and the format of its KV cache, for a model. */
  engineOf: (id: string) => EngineChoice;
  /** The compiled kernels, for the edge engine and for sampling. */
  kernels: WebAssembly.Module;
  /** Megabytes that a model may need; a model whose memory plan needs more is refused. */
  memoryLimitMegabytes: number;
  /** Is given each load, as `waitUntil` is: the request that began a load may be cancelled while others wait for it. */
  keepAlive: (load: Promise<unknown>) => void;
}

/**
 * The served models as one isolate holds them. Each is planned and loaded once, when it is first asked for.
 * @example
 * const models = new IsolateModels({
 *   bucket: env.MODELS,
 *   ids: ['tinystories-gpt2'],
 *   engineOf: () => ({ engine: 'auto', cacheFormat: 'auto' }),
 *   kernels,
 *   memoryLimitMegabytes: 128,
 *   keepAlive: waitUntil,
 * });
 * const app = createApp({ host: models });
 */
export class IsolateModels implements ModelHost {
  readonly ids: readonly string[];
  readonly #options: IsolateModelsOptions;
  readonly #limitBytes: number;
  readonly #loads: LoadOnce<LanguageModel>;
  /** Plans by the hashes of the model's files, so that a model is planned again after a new version was pushed. */
  readonly #plans: LoadOnce<EnginePlan>;
  readonly #states = new Map<string, LoadState>();

  constructor(options: IsolateModelsOptions) {
    this.ids = options.ids;
    this.#options = options;
    this.#limitBytes = options.memoryLimitMegabytes * 1e6;
    this.#loads = new LoadOnce(options.keepAlive);
    this.#plans = new LoadOnce(options.keepAlive);
  }

  /**
   * Returns a model, the default one without an id, and loads it first if need be.
   * @throws GptEdgeError `model_not_found` for a model that is not served or not in the bucket, `model_unavailable` for
   *   missing or damaged files, `unsupported_model` for files that no engine can run, `memory_limit_exceeded` for a
   *   model that needs too much
   */
  async get(id = this.ids[0]): Promise<LanguageModel> {
    this.#checkServed(id);
    return this.#loads.get(id, () => this.#load(id));
  }

  /**
   * Describes a model without loading it.
   * @throws GptEdgeError as `get`, except that the memory limit is not checked
   */
  async describe(id: string): Promise<ModelDescription> {
    this.#checkServed(id);
    const files = await R2ModelFiles.open(this.#options.bucket, id);
    const { manifest, uploaded } = files;
    const { engine, memory } = await this.#plan(files);
    const load = this.#states.get(id) ?? { state: 'cold', loadedBytes: 0, totalBytes: totalBytes(manifest) };
    return { manifest, uploaded, engine, memory, load };
  }

  async #load(id: string): Promise<LanguageModel> {
    let state: LoadState = { state: 'loading', loadedBytes: 0, totalBytes: 0 };
    this.#states.set(id, state);
    const update = (change: Partial<LoadState>) => {
      // A read may end after its load has failed. It must not bring the state back.
      if (this.#states.get(id) !== state) return;
      state = { ...state, ...change };
      this.#states.set(id, state);
    };
    try {
      const { bucket, kernels } = this.#options;
      const files = await R2ModelFiles.open(bucket, id, (count, name) => {
        if (isLoading(name)) update({ loadedBytes: state.loadedBytes + count });
      });
      const plan = await this.#plan(files);
      checkMemory(id, plan, this.#limitBytes);
      update({ totalBytes: totalBytes(files.manifest) });
      const model = await loadLanguageModel(files, () => createDecoder(files, plan, kernels, this.#limitBytes));
      update({ state: 'ready' });
      return model;
    } catch (error) {
      this.#states.delete(id);
      throw error;
    }
  }

  #plan(files: R2ModelFiles): Promise<EnginePlan> {
    const { id, files: hashes } = files.manifest;
    const key = `${id} ${Object.values(hashes).map(({ sha256 }) => sha256)}`;
    return this.#plans.get(key, () => planEngine(files, this.#options.engineOf(id), this.#limitBytes));
  }

  #checkServed(id: string): void {
    if (!this.ids.includes(id))
      throw new GptEdgeError('model_not_found', `The model ${JSON.stringify(id)} is not served here. Served: ${this.ids.join(', ')}.`, {
        param: 'model',
      });
  }
}
