import { checkServed, isServed } from '../api/check-served.ts';
import type { LoadState, ModelDescription, ModelHost, ModelReadiness } from '../api/model-host.ts';
import { type ErrorCode, GptEdgeError } from '../core/errors.ts';
import { adapterNames, parseVariantId, variantId } from '../core/folder/adapter-files.ts';
import type { RecommendedSampling } from '../core/folder/generation-config.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import { versionedId } from '../core/folder/stored-model.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import type { SchedulerOptions } from '../generation/scheduler/scheduler.ts';
import { variantOf } from '../kernels/kernel-variant.ts';
import { createDecoder } from '../runtime/create-decoder.ts';
import type { EngineChoice } from '../runtime/engine-choice.ts';
import { checkMemory } from '../runtime/plan-engine.ts';
import { CurrentVersions } from '../storage/current-versions.ts';
import { LoadOnce } from '../storage/load-once.ts';
import { IsolateMemory } from './isolate-memory.ts';
import { loadLanguageModel, readTextFiles, type TextFiles } from './load-language-model.ts';
import { ModelOpener, type Opened, totalBytes, type VersionName } from './model-opener.ts';
import { ModelVariants } from './model-variants.ts';
import { baseIds } from './worker-variables.ts';

/** What a version is held under. */
const keyOf = ({ id, version }: VersionName): string => versionedId(id, version);

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
  /** Seconds after which a version that was pushed is noticed. @default 5 */
  pointerSeconds?: number;
  /**
   * Called with the promise of each load. It must keep the load running, as `waitUntil` does, because the request that
   * began it may be cancelled while others wait for it.
   */
  keepAlive: (load: Promise<unknown>) => void;
}

/**
 * The served models as one isolate holds them, each in its current version. It is planned and loaded when it is first
 * asked for, and stays until another needs its memory, or until another version has become current: then requests that
 * have begun end with it, and later ones wait for the new one, which is loaded beside it, or after it if there is no
 * room.
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
  readonly #versions: CurrentVersions;
  readonly #opener: ModelOpener;
  readonly #memory: IsolateMemory;
  readonly #variants: ModelVariants;
  // What follows is kept by `id@version`.
  readonly #loads: LoadOnce<LanguageModel>;
  /** What is read of each model before it is loaded, while requests wait for room. */
  readonly #openings: LoadOnce<Opened>;
  readonly #states = new Map<string, LoadState>();
  /** What is loaded, or being loaded. */
  readonly #opened = new Map<string, Pick<Opened, 'files' | 'plan'>>();
  /** What is loaded. */
  readonly #ready = new Map<string, LanguageModel>();
  /** Why the last load of a model failed. */
  readonly #failures = new Map<string, unknown>();

  constructor(options: IsolateModelsOptions) {
    const { bucket, engineOf, keepAlive, scheduling, pointerSeconds, storageSilenceMs: silenceMs } = options;
    this.ids = options.ids;
    this.#options = options;
    this.#limitBytes = options.memoryLimitMegabytes * 1e6;
    this.#versions = new CurrentVersions(bucket, (id, former, version) => this.#supersede(id, former, version), {
      seconds: pointerSeconds,
      silenceMs,
    });
    this.#opener = new ModelOpener({ bucket, engineOf, limitBytes: this.#limitBytes, keepAlive, silenceMs });
    this.#memory = new IsolateMemory({
      limitBytes: this.#limitBytes,
      modelCount: baseIds(options.ids).length,
      queueSeconds: scheduling?.queueSeconds,
      unload: (key) => this.#unload(key),
      addRoom: (key, bytes) => this.#addRoom(key, bytes),
    });
    this.#variants = new ModelVariants(keepAlive, scheduling?.queueSeconds);
    this.#loads = new LoadOnce(keepAlive);
    this.#openings = new LoadOnce(keepAlive);
  }

  /**
   * Returns a model, or the default model if no id is given, and loads it first if necessary. One with an adapter shares
   * all that its base model has.
   * @param until settles when the caller no longer uses the model. Until then, it is not unloaded to make room for
   *   another. Default: once it is returned
   * @param version the version with which an answer has begun that now goes on here. Default: the current one; also if
   *   the version is gone
   * @throws GptEdgeError `model_not_found` for a model that is not served or not in the bucket, `model_unavailable` for
   *   missing or damaged files, `unsupported_model` for files that no engine can run, `memory_limit_exceeded` for a
   *   model that needs too much, `overloaded` if others that are being used leave no room for it
   */
  async get(id = this.ids[0], until?: Promise<unknown>, version?: string): Promise<LanguageModel> {
    checkServed(this.ids, id);
    const { base, adapter } = parseVariantId(id);
    return this.#withCurrent(base, async (name) => {
      // The current one is not known under its version if it was pushed before there were versions.
      if (version === undefined || version === name.version) return this.#use(name, adapter, until);
      return this.#use({ id: base, version }, adapter, until).catch((error: unknown) => {
        if (isOverload(error)) throw error;
        return this.#use(name, adapter, until);
      });
    });
  }

  /** Returns a version of a model, which stays loaded until `until` settles. */
  async #use(name: VersionName, adapter: string | undefined, until: Promise<unknown> | undefined): Promise<LanguageModel> {
    const key = keyOf(name);
    await this.#memory.giveWay(key);
    const returned = Promise.withResolvers<void>();
    const used = until ?? returned.promise;
    this.#memory.use(key, used);
    const current = this.#versions.known(name.id);
    if (current !== undefined && current !== name.version) this.#memory.supersede(key, keyOf({ id: name.id, version: current }));
    try {
      const model = (await this.#loads.loaded(key))?.value ?? (await this.#loadWhenItFits(name));
      return adapter === undefined ? model : await this.#variants.get(model, adapter, this.#opened.get(key)!.files, used);
    } finally {
      returned.resolve();
    }
  }

  /** A model if it is loaded, in its current version unless another is named. It may be unloaded at any time: only `get` keeps it. */
  loaded(id: string, version = this.#versions.known(id)): LanguageModel | undefined {
    return version === undefined ? undefined : this.#ready.get(keyOf({ id, version }));
  }

  /**
   * Describes a model in its current version without loading it.
   * @throws GptEdgeError as `get`, except that only the manifest and the graph are read, and that a model over the
   *   memory limit is described
   */
  async describe(id: string): Promise<ModelDescription> {
    checkServed(this.ids, id);
    const { base, adapter: name } = parseVariantId(id);
    const { key, files, plan } = await this.#openCurrent(base);
    const { manifest, version, uploaded } = files;
    const adapter = name === undefined ? undefined : await this.#variants.describe(name, files, this.#ready.get(key));
    const texts = await this.#opener.texts(files);
    const load = this.#states.get(key) ?? this.#stateBefore(key, manifest);
    const failure = this.#failures.get(key);
    const kernels = variantOf(this.#options.kernels);
    const { engine, contextWindow, memory } = plan;
    const embeddingSize = plan.engine === 'edge' ? (plan.plan.hidden?.width ?? null) : null;
    const names = plan.engine === 'edge' ? adapterNames(manifest.files) : [];
    const adapters = names.filter((other) => isServed(this.ids, variantId(base, other)));
    return {
      ...{ manifest, version, adapters, adapter, uploaded, engine, kernels, contextWindow, memory, embeddingSize, load, failure },
      ...texts,
    };
  }

  /** Whether a model can be served, by what is known without reading its weights. */
  async readiness(id: string): Promise<ModelReadiness> {
    const { base, adapter } = parseVariantId(id);
    try {
      const { key, files, plan } = await this.#openCurrent(base);
      const { version, manifest } = files;
      if (adapter !== undefined) await this.#variants.describe(adapter, files, undefined);
      const state = this.#states.get(key)?.state;
      if (state === 'ready' || state === 'loading') return { state, version };
      try {
        if (this.#failures.has(key)) throw this.#failures.get(key);
        checkMemory(base, plan, this.#limitBytes);
        await files.checkStored(loadedFiles(manifest).map(([name]) => name));
        return { state: 'loadable', version };
      } catch (failure) {
        return { state: 'failed', version, failure };
      }
    } catch (failure) {
      return { state: 'failed', version: null, failure };
    }
  }

  #openCurrent(id: string): Promise<Pick<Opened, 'files' | 'plan'> & { key: string }> {
    return this.#withCurrent(id, async (name) => {
      const key = keyOf(name);
      return { key, ...(this.#opened.get(key) ?? (await this.#opener.open(name))) };
    });
  }

  /**
   * Uses a model in its current version. Where that fails, and another has become current meanwhile, it is tried with
   * that: the files of the former may be gone.
   */
  async #withCurrent<T>(id: string, use: (name: VersionName) => Promise<T>): Promise<T> {
    for (;;) {
      const version = await this.#versions.current(id);
      try {
        return await use({ id, version });
      } catch (error) {
        if (!mayBePruned(error, version) || !(await this.#versions.hasMoved(id, version))) throw error;
      }
    }
  }

  /** Lets a version go, once nobody uses it. */
  #supersede(id: string, former: string | null, version: string | null): void {
    const key = keyOf({ id, version: former });
    const files = this.#opened.get(key)?.files;
    if (files) this.#opener.forget(files);
    this.#failures.delete(key);
    this.#memory.supersede(key, keyOf({ id, version }));
  }

  /** The state of a model of which no file has been loaded: whether a request for it is on its way. */
  #stateBefore(key: string, manifest: Manifest): LoadState {
    return { state: this.#openings.has(key) ? 'loading' : 'cold', loadedBytes: 0, totalBytes: totalBytes(manifest) };
  }

  /**
   * Loads a model once there is room. Each request waits for itself: others that relied on one would wait forever if it
   * was cancelled.
   */
  async #loadWhenItFits(name: VersionName): Promise<LanguageModel> {
    const { opened, texts } = await this.#makeRoom(name);
    const key = keyOf(name);
    return this.#loads.get(key, () => {
      const load = this.#load(key, opened, texts);
      this.#memory.use(key, load);
      return load;
    });
  }

  /**
   * Reads what is needed to plan a model, and takes the memory that it needs.
   * @returns also the small files, if they are being read here: what another request reads ends with that request
   */
  async #makeRoom(name: VersionName): Promise<{ opened: Opened; texts?: Promise<TextFiles> }> {
    const key = keyOf(name);
    try {
      // The first model's small files are read meanwhile. Beside others, they wait for their room too.
      const withTexts = this.#memory.isEmpty;
      let texts: Promise<TextFiles> | undefined;
      const opened = await this.#openings.get(key, () =>
        this.#opener.open(name, (files) => {
          if (withTexts) texts = readTextFiles(files);
          // If a small file cannot be read, that is told after what is wrong with the plan.
          texts?.catch(() => {});
        }),
      );
      checkMemory(name.id, opened.plan, this.#limitBytes);
      await this.#memory.take(key, opened.plan.memory);
      return { opened, texts };
    } catch (error) {
      this.#openings.forget(key);
      if (!isOverload(error)) this.#failures.set(key, error);
      throw error;
    }
  }

  /** Loads a model for which there is room. */
  async #load(key: string, { files, plan, reads }: Opened, texts?: Promise<TextFiles>): Promise<LanguageModel> {
    let state: LoadState = { state: 'loading', loadedBytes: reads.loadedBytes, totalBytes: totalBytes(files.manifest) };
    this.#states.set(key, state);
    this.#failures.delete(key);
    this.#openings.forget(key);
    this.#opened.set(key, { files, plan });
    // A read may end after its load has failed, or was given up. It must not bring the state back.
    const isCurrent = () => this.#states.get(key) === state;
    const update = (change: Partial<LoadState>) => {
      if (!isCurrent()) return;
      state = { ...state, ...change };
      this.#states.set(key, state);
    };
    try {
      const { kernels, samplingOf, scheduling } = this.#options;
      reads.onChange = () => update({ loadedBytes: reads.loadedBytes });
      const decoder = createDecoder(files, plan, kernels, this.#memory.allowance(key));
      const model = await loadLanguageModel(files, texts ?? readTextFiles(files), decoder, samplingOf?.(files.manifest.id), scheduling);
      if (isCurrent()) this.#ready.set(key, model);
      this.#memory.loaded(key);
      update({ state: 'ready' });
      return model;
    } catch (error) {
      if (!isCurrent()) throw error;
      this.#states.delete(key);
      this.#opened.delete(key);
      this.#memory.free(key);
      this.#failures.set(key, error);
      throw error;
    }
  }

  #addRoom(key: string, bytes: number): number | undefined {
    const model = this.#ready.get(key);
    return model && (model.decoder.kvCache.addRoom?.(bytes) ?? 0);
  }

  /** Drops a model that no request uses. Nothing else may refer to it, so that its memory is freed. */
  #unload(key: string): void {
    const model = this.#ready.get(key);
    this.#states.delete(key);
    this.#opened.delete(key);
    this.#ready.delete(key);
    this.#loads.forget(key);
    if (model) this.#options.keepAlive(model.decoder.dispose());
  }
}

const hasCode = (error: unknown, code: ErrorCode): boolean => error instanceof GptEdgeError && error.code === code;
const isOverload = (error: unknown): boolean => hasCode(error, 'overloaded');
/** Whether an error may be due to a version that is gone. What a version never had, such as an adapter, is not. */
const mayBePruned = (error: unknown, version: string | null): boolean =>
  !isOverload(error) && !(version !== null && hasCode(error, 'model_not_found'));
