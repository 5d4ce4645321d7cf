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

/** The graph is read to plan a model, before it is loaded. */
const isLoading = (name: string): boolean => name !== GRAPH_FILE;

const totalBytes = (manifest: Manifest): number =>
  loadedFiles(manifest).reduce((sum, [name, { bytes }]) => sum + (isLoading(name) ? bytes : 0), 0);

export interface IsolateModelsOptions {
  bucket: R2Bucket;
  /** The served models; the first is the default. */
  ids: readonly string[];
  engineOf: (id: string) => EngineChoice;
  /** The kernels of the edge engine and of sampling. */
  kernels: WebAssembly.Module;
  /** A model whose plan needs more is refused. */
  memoryLimitMegabytes: number;
  /** See {@link LoadOnce}. */
  keepAlive: (load: Promise<unknown>) => void;
}

/** The served models as one isolate holds them: each planned and loaded once, when it is first asked for. */
export class IsolateModels implements ModelHost {
  readonly ids: readonly string[];
  readonly #options: IsolateModelsOptions;
  readonly #limitBytes: number;
  readonly #loads: LoadOnce<LanguageModel>;
  /** By the hashes of the files, so that a model that was pushed anew is planned anew. */
  readonly #plans: LoadOnce<EnginePlan>;
  readonly #states = new Map<string, LoadState>();

  constructor(options: IsolateModelsOptions) {
    this.ids = options.ids;
    this.#options = options;
    this.#limitBytes = options.memoryLimitMegabytes * 1e6;
    this.#loads = new LoadOnce(options.keepAlive);
    this.#plans = new LoadOnce(options.keepAlive);
  }

  async get(id = this.ids[0]): Promise<LanguageModel> {
    this.#checkServed(id);
    return this.#loads.get(id, () => this.#load(id));
  }

  async describe(id: string): Promise<ModelDescription> {
    this.#checkServed(id);
    const files = await R2ModelFiles.open(this.#options.bucket, id);
    const { manifest, uploaded } = files;
    const { engine, memory } = await this.#plan(files);
    const load = this.#states.get(id) ?? { state: 'cold', loadedBytes: 0, totalBytes: totalBytes(manifest) };
    return { manifest, uploaded, engine, memory, load };
  }

  async #load(id: string): Promise<LanguageModel> {
    const state: LoadState = { state: 'loading', loadedBytes: 0, totalBytes: 0 };
    this.#states.set(id, state);
    try {
      const { bucket, kernels } = this.#options;
      const files = await R2ModelFiles.open(bucket, id);
      const plan = await this.#plan(files);
      checkMemory(id, plan, this.#limitBytes);
      state.totalBytes = totalBytes(files.manifest);
      files.onBytes = (count, name) => {
        if (isLoading(name)) state.loadedBytes += count;
      };
      const model = await loadLanguageModel(files, () => createDecoder(files, plan, kernels, this.#limitBytes), kernels);
      state.state = 'ready';
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
