import type { LoadState, ModelDescription, ModelHost } from '../api/model-host.ts';
import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import { adapterNames, isAdapterFile, parseVariantId, variantId } from '../core/folder/adapter-files.ts';
import type { RecommendedSampling } from '../core/folder/generation-config.ts';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import { isPrefixFile } from '../core/folder/prefix-files.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import type { SchedulerOptions } from '../generation/scheduler/scheduler.ts';
import { variantOf } from '../kernels/kernel-variant.ts';
import { createDecoder } from '../runtime/create-decoder.ts';
import type { EngineChoice } from '../runtime/engine-choice.ts';
import { checkMemory, type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
import { LoadOnce } from '../storage/load-once.ts';
import { R2ModelFiles } from '../storage/r2-model-files.ts';
import { IsolateMemory } from './isolate-memory.ts';
import { loadLanguageModel, readTextFiles, type TextFiles } from './load-language-model.ts';
import { ModelVariants } from './model-variants.ts';
import { type ModelTexts, readModelTexts } from './read-model-texts.ts';
import { baseIds } from './worker-variables.ts';

/**
 * Whether reading a file counts as loading. Graph and config.json do not count, because they are read before, to plan
 * the model, and stored prefixes and adapters do not, because not all of them may fit.
 */
const isLoading = (name: string): boolean => name !== GRAPH_FILE && name !== 'config.json' && !isPrefixFile(name) && !isAdapterFile(name);

/** Bytes that are read while a model is loaded. */
const totalBytes = (manifest: Manifest): number =>
  loadedFiles(manifest).reduce((sum, [name, { bytes }]) => sum + (isLoading(name) ? bytes : 0), 0);

/** A model of which manifest and graph are read. */
interface Opened {
  files: R2ModelFiles;
  plan: EnginePlan;
  /** What has been read, of what loading reads. */
  reads: { loadedBytes: number; onChange: () => void };
}

export interface IsolateModelsOptions {
  /** The bucket that holds each model under `models/<id>/`. */
  bucket: R2Bucket;
  /**
   * Ids of the served models, of which the first is the default. A model is served with each of its adapters, too, as
   * `<id>:<adapter>`; such an id serves this one only.
   */
  ids: readonly string[];
  /** Chooses the engine, the format of its KV cache, and the context window, for a model. */
  engineOf: (id: string) => EngineChoice;
  /** What the deployment sets for a model in place of its own recommended sampling. @default nothing */
  samplingOf?: (id: string) => RecommendedSampling;
  /** The compiled kernels, for the edge engine and for sampling. */
  kernels: WebAssembly.Module;
  /** How the requests of a model share it, and how long they wait for one whose room others use. @default as documented */
  scheduling?: SchedulerOptions;
  /** Megabytes that the models may hold together; one whose memory plan alone needs more is refused. */
  memoryLimitMegabytes: number;
  /** Milliseconds after which the bucket is given up. @default 30 s */
  storageSilenceMs?: number;
  /**
   * Called with the promise of each load. It must keep the load running, as `waitUntil` does, because the request that
   * began it may be cancelled while others wait for it.
   */
  keepAlive: (load: Promise<unknown>) => void;
}

/**
 * The served models as one isolate holds them. Each is planned and loaded when it is first asked for, and stays until
 * another needs its memory.
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
  readonly #memory: IsolateMemory;
  readonly #variants: ModelVariants;
  readonly #loads: LoadOnce<LanguageModel>;
  /** What is read of each model before it is loaded, while requests wait for room. */
  readonly #openings: LoadOnce<Opened>;
  /** Plans by the whole manifest, so that a model is planned again after a new version was pushed. */
  readonly #plans: LoadOnce<EnginePlan>;
  /** What describes each model, by the whole manifest too. */
  readonly #texts: LoadOnce<ModelTexts>;
  readonly #states = new Map<string, LoadState>();
  /** What is loaded, or being loaded. By now the bucket may have another version. */
  readonly #opened = new Map<string, Pick<Opened, 'files' | 'plan'>>();
  /** What is loaded. */
  readonly #ready = new Map<string, LanguageModel>();
  /** Why the last load of a model failed. */
  readonly #failures = new Map<string, unknown>();

  constructor(options: IsolateModelsOptions) {
    this.ids = options.ids;
    this.#options = options;
    this.#limitBytes = options.memoryLimitMegabytes * 1e6;
    this.#memory = new IsolateMemory({
      limitBytes: this.#limitBytes,
      modelCount: baseIds(options.ids).length,
      queueSeconds: options.scheduling?.queueSeconds,
      unload: (id) => this.#unload(id),
    });
    this.#variants = new ModelVariants(options.keepAlive, options.scheduling?.queueSeconds);
    this.#loads = new LoadOnce(options.keepAlive);
    this.#openings = new LoadOnce(options.keepAlive);
    this.#plans = new LoadOnce(options.keepAlive);
    this.#texts = new LoadOnce(options.keepAlive);
  }

  /**
   * Returns a model, or the default model if no id is given, and loads it first if necessary. One with an adapter shares
   * all that its base model has.
   * @param until settles when the caller no longer uses the model. Until then, it is not unloaded to make room for
   *   another. Default: once it is returned
   * @throws GptEdgeError `model_not_found` for a model that is not served or not in the bucket, `model_unavailable` for
   *   missing or damaged files, `unsupported_model` for files that no engine can run, `memory_limit_exceeded` for a
   *   model that needs too much, `overloaded` if others that are being used leave no room for it
   */
  async get(id = this.ids[0], until?: Promise<unknown>): Promise<LanguageModel> {
    this.#checkServed(id);
    const { base, adapter } = parseVariantId(id);
    await this.#memory.giveWay(base);
    const returned = Promise.withResolvers<void>();
    const used = until ?? returned.promise;
    this.#memory.use(base, used);
    try {
      const model = (await this.#loads.loaded(base))?.value ?? (await this.#loadWhenItFits(base));
      return adapter === undefined ? model : await this.#variants.get(model, adapter, this.#opened.get(base)!.files, used);
    } finally {
      returned.resolve();
    }
  }

  /** The model if it is loaded. It may be unloaded at any time: only `get` keeps it. */
  loaded(id: string): LanguageModel | undefined {
    return this.#ready.get(id);
  }

  /**
   * Describes a model without loading it: the one that is loaded, or else the one in the bucket.
   * @throws GptEdgeError as `get`, except that only the manifest and the graph are read, and that a model over the
   *   memory limit is described
   */
  async describe(id: string): Promise<ModelDescription> {
    this.#checkServed(id);
    const { base, adapter: name } = parseVariantId(id);
    const { files, plan } = this.#opened.get(base) ?? (await this.#open(base));
    const { manifest, uploaded } = files;
    const adapter = name === undefined ? undefined : await this.#variants.describe(name, files, this.#ready.get(base));
    const texts = await this.#texts.get(JSON.stringify(manifest), () => readModelTexts(files));
    const load = this.#states.get(base) ?? this.#stateBefore(base, manifest);
    const failure = this.#failures.get(base);
    const kernels = variantOf(this.#options.kernels);
    const { engine, contextWindow, memory } = plan;
    const embeddingSize = plan.engine === 'edge' ? (plan.plan.hidden?.width ?? null) : null;
    const names = plan.engine === 'edge' ? adapterNames(manifest.files) : [];
    const adapters = names.filter((other) => this.#isServed(variantId(base, other)));
    return { manifest, adapters, adapter, uploaded, engine, kernels, contextWindow, memory, embeddingSize, load, failure, ...texts };
  }

  /** The state of a model of which no file has been loaded: whether a request for it is on its way. */
  #stateBefore(id: string, manifest: Manifest): LoadState {
    return { state: this.#openings.has(id) ? 'loading' : 'cold', loadedBytes: 0, totalBytes: totalBytes(manifest) };
  }

  /**
   * Loads a model once there is room. Each request waits for itself: others that relied on one would wait forever if it
   * was cancelled.
   */
  async #loadWhenItFits(id: string): Promise<LanguageModel> {
    const { opened, texts } = await this.#makeRoom(id);
    return this.#loads.get(id, () => {
      const load = this.#load(id, opened, texts);
      this.#memory.use(id, load);
      return load;
    });
  }

  /**
   * Reads what is needed to plan a model, and takes the memory that it needs.
   * @returns also the small files, if they are being read here: what another request reads ends with that request
   */
  async #makeRoom(id: string): Promise<{ opened: Opened; texts?: Promise<TextFiles> }> {
    try {
      // The first model's small files are read meanwhile. Beside others, they wait for their room too.
      const withTexts = this.#memory.isEmpty;
      let texts: Promise<TextFiles> | undefined;
      const opened = await this.#openings.get(id, () =>
        this.#open(id, (files) => {
          if (withTexts) texts = readTextFiles(files);
          // If a small file cannot be read, that is told after what is wrong with the plan.
          texts?.catch(() => {});
        }),
      );
      checkMemory(id, opened.plan, this.#limitBytes);
      await this.#memory.take(id, opened.plan.memory);
      return { opened, texts };
    } catch (error) {
      this.#openings.forget(id);
      if (!(error instanceof GptEdgeError && error.code === 'overloaded')) this.#failures.set(id, error);
      throw error;
    }
  }

  /** Loads a model for which there is room. */
  async #load(id: string, { files, plan, reads }: Opened, texts?: Promise<TextFiles>): Promise<LanguageModel> {
    let state: LoadState = { state: 'loading', loadedBytes: reads.loadedBytes, totalBytes: totalBytes(files.manifest) };
    this.#states.set(id, state);
    this.#failures.delete(id);
    this.#openings.forget(id);
    this.#opened.set(id, { files, plan });
    // A read may end after its load has failed, or was given up. It must not bring the state back.
    const isCurrent = () => this.#states.get(id) === state;
    const update = (change: Partial<LoadState>) => {
      if (!isCurrent()) return;
      state = { ...state, ...change };
      this.#states.set(id, state);
    };
    try {
      const { kernels, samplingOf, scheduling } = this.#options;
      reads.onChange = () => update({ loadedBytes: reads.loadedBytes });
      const decoder = createDecoder(files, plan, kernels, this.#memory.allowance(id));
      const model = await loadLanguageModel(files, texts ?? readTextFiles(files), decoder, samplingOf?.(id), scheduling);
      if (isCurrent()) this.#ready.set(id, model);
      update({ state: 'ready' });
      return model;
    } catch (error) {
      if (!isCurrent()) throw error;
      this.#states.delete(id);
      this.#opened.delete(id);
      this.#memory.free(id);
      this.#failures.set(id, error);
      throw error;
    }
  }

  /** Drops a model that no request uses. Nothing else may refer to it, so that its memory is freed. */
  #unload(id: string): void {
    const model = this.#ready.get(id);
    this.#states.delete(id);
    this.#opened.delete(id);
    this.#ready.delete(id);
    this.#loads.forget(id);
    if (model) this.#options.keepAlive(model.decoder.dispose());
  }

  /** @param onFiles is called when the manifest is read */
  async #open(id: string, onFiles: (files: R2ModelFiles) => void = () => {}): Promise<Opened> {
    const reads: Opened['reads'] = { loadedBytes: 0, onChange: () => {} };
    const { bucket, storageSilenceMs } = this.#options;
    const onBytes = (count: number, name: string) => {
      if (isLoading(name)) reads.loadedBytes += count;
      reads.onChange();
    };
    const files = await R2ModelFiles.open(bucket, id, onBytes, storageSilenceMs);
    onFiles(files);
    return { files, plan: await this.#plan(files), reads };
  }

  #plan(files: R2ModelFiles): Promise<EnginePlan> {
    const { manifest } = files;
    return this.#plans.get(JSON.stringify(manifest), () => planEngine(files, this.#options.engineOf(manifest.id), this.#limitBytes));
  }

  /** Whether an id stands among the served ones, or that of its base model does. */
  #isServed(id: string): boolean {
    return this.ids.includes(id) || this.ids.includes(parseVariantId(id).base);
  }

  #checkServed(id: string): void {
    if (!this.#isServed(id))
      throw new GptEdgeError(
        'model_not_found',
        `The model ${JSON.stringify(excerpt(id))} is not served here. Served: ${this.ids.join(', ')}.`,
        {
          param: 'model',
        },
      );
  }
}
