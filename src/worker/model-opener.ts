import { isAdapterFile } from '../core/folder/adapter-files.ts';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import { isPrefixFile } from '../core/folder/prefix-files.ts';
import type { EngineChoice } from '../runtime/engine-choice.ts';
import { type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
import { LoadOnce } from '../storage/load-once.ts';
import { R2ModelFiles } from '../storage/r2-model-files.ts';
import { type ModelTexts, readModelTexts } from './read-model-texts.ts';

/**
 * Whether reading a file counts as loading. Graph and config.json do not count, because they are read before, to plan
 * the model, and stored prefixes and adapters do not, because not all of them may fit.
 */
const isLoading = (name: string): boolean => name !== GRAPH_FILE && name !== 'config.json' && !isPrefixFile(name) && !isAdapterFile(name);

/** Bytes that are read while a model is loaded. */
export const totalBytes = (manifest: Manifest): number =>
  loadedFiles(manifest).reduce((sum, [name, { bytes }]) => sum + (isLoading(name) ? bytes : 0), 0);

/** A version of a model, as its pointer names it. */
export interface VersionName {
  readonly id: string;
  /** null for a folder that was pushed before there were versions. */
  readonly version: string | null;
}

/** A model of which manifest and graph are read. */
export interface Opened {
  files: R2ModelFiles;
  plan: EnginePlan;
  /** What has been read, of what loading reads. */
  reads: { loadedBytes: number; onChange: () => void };
}

export interface OpenerOptions {
  bucket: R2Bucket;
  engineOf: (id: string) => EngineChoice;
  limitBytes: number;
  /** Milliseconds after which the bucket is given up. @default 30 s */
  silenceMs?: number;
  keepAlive: (load: Promise<unknown>) => void;
}

/** Opens models: reads what it takes to plan and to describe them. Each version is planned once. */
export class ModelOpener {
  readonly #options: OpenerOptions;
  /** Plans by the whole manifest, since folders from before there were versions are replaced in place. */
  readonly #plans: LoadOnce<EnginePlan>;
  /** What describes each model, by the whole manifest too. */
  readonly #texts: LoadOnce<ModelTexts>;

  constructor(options: OpenerOptions) {
    this.#options = options;
    this.#plans = new LoadOnce(options.keepAlive);
    this.#texts = new LoadOnce(options.keepAlive);
  }

  /**
   * @param onFiles is called when the manifest is read
   * @throws GptEdgeError `model_not_found`, `model_unavailable`, `unsupported_model`
   */
  async open({ id, version }: VersionName, onFiles: (files: R2ModelFiles) => void = () => {}): Promise<Opened> {
    const { bucket, engineOf, limitBytes, silenceMs } = this.#options;
    const reads: Opened['reads'] = { loadedBytes: 0, onChange: () => {} };
    const onBytes = (count: number, name: string) => {
      if (isLoading(name)) reads.loadedBytes += count;
      reads.onChange();
    };
    const files = await R2ModelFiles.open(bucket, id, { onBytes, version, silenceMs });
    onFiles(files);
    return { files, plan: await this.#plans.get(keyOf(files), () => planEngine(files, engineOf(id), limitBytes)), reads };
  }

  texts(files: R2ModelFiles): Promise<ModelTexts> {
    return this.#texts.get(keyOf(files), () => readModelTexts(files));
  }

  /** Forgets what is known of a version that is not served any more. */
  forget(files: R2ModelFiles): void {
    this.#plans.forget(keyOf(files));
    this.#texts.forget(keyOf(files));
  }
}

const keyOf = ({ manifest }: R2ModelFiles): string => JSON.stringify(manifest);
