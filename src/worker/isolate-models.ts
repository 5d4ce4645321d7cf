import type { LoadState, ModelDescription, ModelHost } from '../api/model-host.ts';
import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import type { RecommendedSampling } from '../core/folder/generation-config.ts';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import { isPrefixFile } from '../core/folder/prefix-files.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { createDecoder } from '../runtime/create-decoder.ts';
import type { EngineChoice } from '../runtime/engine-choice.ts';
import { checkMemory, type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
import { LoadOnce } from '../storage/load-once.ts';
import { R2ModelFiles } from '../storage/r2-model-files.ts';
import { loadLanguageModel } from './load-language-model.ts';
import { type ModelTexts, readModelTexts } from './read-model-texts.ts';

/**
 * Whether reading a file counts as loading. Graph and config.json do not count, because they are read before, to plan
 * the model, and stored prefixes do not, because not all of them may fit.
 */
const isLoading = (name: string): boolean => name !== GRAPH_FILE && name !== 'config.json' && !isPrefixFile(name);

/** Bytes that are read while a model is loaded. */
const totalBytes = (manifest: Manifest): number =>
  loadedFiles(manifest).reduce((sum, [name, { bytes }]) => sum + (isLoading(name) ? bytes : 0), 0);

/** A model of which manifest and graph are read. */
interface Opened {
  files: R2ModelFiles;
  plan: EnginePlan;
}

export interface IsolateModelsOptions {
  /** The bucket that holds each model under `models/<id>/`. */
  bucket: R2Bucket;
  /** Ids of the served models, of which the first is the default. */
  ids: readonly string[];
  /** Chooses the engine, and the format of its KV cache, for a model. */
  engineOf: (id: string) => EngineChoice;
  /** What the deployment sets for a model in place of its own recommended sampling. @default nothing */
  samplingOf?: (id: string) => RecommendedSampling;
  /** The compiled kernels, for the edge engine and for sampling. */
  kernels: WebAssembly.Module;
  /** Megabytes that a model may need; a model whose memory plan needs more is refused. */
  memoryLimitMegabytes: number;
  /**
   * Called with the promise of each load. It must keep the load running, as `waitUntil` does, because the request that
   * began it may be cancelled while others wait for it.
   */
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
  /** Plans by the whole manifest, so that a model is planned again after a new version was pushed. */
  readonly #plans: LoadOnce<EnginePlan>;
  /** What describes each model, by the whole manifest too. */
  readonly #texts: LoadOnce<ModelTexts>;
  readonly #states = new Map<string, LoadState>();
  /** What is loaded, or being loaded. By now the bucket may have another version. */
  readonly #opened = new Map<string, Opened>();
  /** Why the last load of a model failed. */
  readonly #failures = new Map<string, unknown>();

  constructor(options: IsolateModelsOptions) {
    this.ids = options.ids;
    this.#options = options;
    this.#limitBytes = options.memoryLimitMegabytes * 1e6;
    this.#loads = new LoadOnce(options.keepAlive);
    this.#plans = new LoadOnce(options.keepAlive);
    this.#texts = new LoadOnce(options.keepAlive);
  }

  /**
   * Returns a model, or the default model if no id is given, and loads it first if necessary.
   * @throws GptEdgeError `model_not_found` for a model that is not served or not in the bucket, `model_unavailable` for
   *   missing or damaged files, `unsupported_model` for files that no engine can run, `memory_limit_exceeded` for a
   *   model that needs too much
   */
  async get(id = this.ids[0]): Promise<LanguageModel> {
    this.#checkServed(id);
    return this.#loads.get(id, () => this.#load(id));
  }

  /**
   * Describes a model without loading it: the one that is loaded, or else the one in the bucket.
   * @throws GptEdgeError as `get`, except that only the manifest and the graph are read, and that a model over the
   *   memory limit is described
   */
  async describe(id: string): Promise<ModelDescription> {
    this.#checkServed(id);
    const { files, plan } = this.#opened.get(id) ?? (await this.#open(id));
    const { manifest, uploaded } = files;
    const texts = await this.#texts.get(JSON.stringify(manifest), () => readModelTexts(files));
    const load = this.#states.get(id) ?? { state: 'cold', loadedBytes: 0, totalBytes: totalBytes(manifest) };
    const failure = this.#failures.get(id);
    return { manifest, uploaded, engine: plan.engine, memory: plan.memory, load, failure, ...texts };
  }

  async #load(id: string): Promise<LanguageModel> {
    let state: LoadState = { state: 'loading', loadedBytes: 0, totalBytes: 0 };
    this.#states.set(id, state);
    this.#failures.delete(id);
    const update = (change: Partial<LoadState>) => {
      // A read may end after its load has failed. It must not bring the state back.
      if (this.#states.get(id) !== state) return;
      state = { ...state, ...change };
      this.#states.set(id, state);
    };
    try {
      const { kernels, samplingOf } = this.#options;
      const opened = await this.#open(id, (count, name) => {
        if (isLoading(name)) update({ loadedBytes: state.loadedBytes + count });
      });
      const { files, plan } = opened;
      checkMemory(id, plan, this.#limitBytes);
      this.#opened.set(id, opened);
      update({ totalBytes: totalBytes(files.manifest) });
      const model = await loadLanguageModel(files, () => createDecoder(files, plan, kernels, this.#limitBytes), samplingOf?.(id));
      update({ state: 'ready' });
      return model;
    } catch (error) {
      this.#states.delete(id);
      this.#opened.delete(id);
      this.#failures.set(id, error);
      throw error;
    }
  }

  async #open(id: string, onBytes?: (count: number, name: string) => void): Promise<Opened> {
    const files = await R2ModelFiles.open(this.#options.bucket, id, onBytes);
    return { files, plan: await this.#plan(files) };
  }

  #plan(files: R2ModelFiles): Promise<EnginePlan> {
    const { manifest } = files;
    return this.#plans.get(JSON.stringify(manifest), () => planEngine(files, this.#options.engineOf(manifest.id), this.#limitBytes));
  }

  #checkServed(id: string): void {
    if (!this.ids.includes(id))
      throw new GptEdgeError(
        'model_not_found',
        `The model ${JSON.stringify(excerpt(id))} is not served here. Served: ${this.ids.join(', ')}.`,
        {
          param: 'model',
        },
      );
  }
}
