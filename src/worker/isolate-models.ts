import type { LoadState, ModelDescription, ModelHost } from '../api/model-host.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { GptEdgeError } from '../model/errors.ts';
import { loadedFiles } from '../model/loaded-files.ts';
import type { Manifest } from '../model/manifest.ts';
import { describeMemoryPlan, planMemory } from '../model/memory-plan.ts';
import { LoadOnce } from '../storage/load-once.ts';
import { R2ModelFiles } from '../storage/r2-model-files.ts';
import { loadLanguageModel } from './load-language-model.ts';

const totalBytes = (manifest: Manifest): number => loadedFiles(manifest).reduce((sum, [, { bytes }]) => sum + bytes, 0);

export interface IsolateModelsOptions {
  bucket: R2Bucket;
  /** The served models; the first is the default. */
  ids: readonly string[];
  /** A model whose plan needs more is refused. */
  memoryLimitMegabytes: number;
  /** See {@link LoadOnce}. */
  keepAlive: (load: Promise<unknown>) => void;
}

/** The served models as one isolate holds them: each loaded once, when it is first asked for. */
export class IsolateModels implements ModelHost {
  readonly ids: readonly string[];
  readonly #bucket: R2Bucket;
  readonly #limitBytes: number;
  readonly #loads: LoadOnce<LanguageModel>;
  readonly #states = new Map<string, LoadState>();

  constructor({ bucket, ids, memoryLimitMegabytes, keepAlive }: IsolateModelsOptions) {
    this.#bucket = bucket;
    this.ids = ids;
    this.#limitBytes = memoryLimitMegabytes * 1e6;
    this.#loads = new LoadOnce(keepAlive);
  }

  async get(id = this.ids[0]): Promise<LanguageModel> {
    this.#checkServed(id);
    return this.#loads.get(id, () => this.#load(id));
  }

  async describe(id: string): Promise<ModelDescription> {
    this.#checkServed(id);
    const { manifest, uploaded } = await R2ModelFiles.open(this.#bucket, id);
    const load = this.#states.get(id) ?? { state: 'cold', loadedBytes: 0, totalBytes: totalBytes(manifest) };
    return { manifest, uploaded, engine: 'ort', load };
  }

  async #load(id: string): Promise<LanguageModel> {
    const state: LoadState = { state: 'loading', loadedBytes: 0, totalBytes: 0 };
    this.#states.set(id, state);
    try {
      const files = await R2ModelFiles.open(this.#bucket, id);
      this.#checkMemory(files.manifest);
      state.totalBytes = totalBytes(files.manifest);
      files.onBytes = (count) => {
        state.loadedBytes += count;
      };
      const model = await loadLanguageModel(files);
      state.state = 'ready';
      return model;
    } catch (error) {
      this.#states.delete(id);
      throw error;
    }
  }

  #checkMemory(manifest: Manifest): void {
    const plan = planMemory(manifest);
    if (plan.totalBytes <= this.#limitBytes) return;
    throw new GptEdgeError(
      'memory_limit_exceeded',
      `${manifest.id} needs ${describeMemoryPlan(plan)}. That is over the limit of ${this.#limitBytes / 1e6} MB (MEMORY_LIMIT_MB). Fewer bits (--dtype) or a shorter context window (--context) make it smaller.`,
      { param: 'model' },
    );
  }

  #checkServed(id: string): void {
    if (!this.ids.includes(id))
      throw new GptEdgeError('model_not_found', `The model ${JSON.stringify(id)} is not served here. Served: ${this.ids.join(', ')}.`, {
        param: 'model',
      });
  }
}
