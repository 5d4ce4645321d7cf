import type { AdapterDescription } from '../api/model-host.ts';
import type { Adapters } from '../core/decoder.ts';
import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import { adapterFiles, adapterNames, variantId } from '../core/folder/adapter-files.ts';
import { parseAdapterManifest } from '../core/folder/adapter-manifest.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { steadyNow } from '../core/steady-clock.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { DEFAULT_QUEUE_SECONDS } from '../generation/scheduler/scheduler.ts';
import { LoadOnce } from '../storage/load-once.ts';
import { sha256 } from '../storage/sha256.ts';

/** Milliseconds after which a request that waits for room looks again. */
const LOOK_MS = 50;
/** Seconds after which a request that was refused may be tried again. Nobody knows how long the others will take. */
const RETRY_SECONDS = 5;

/**
 * Models with an adapter. Each is its base model under another id: the same decoder, scheduler and tokenizer, and an
 * adapter that the decoder adds to its sequences.
 */
export class ModelVariants {
  /** Whether there was room, by the variant's id. */
  readonly #loads: LoadOnce<boolean>;
  readonly #queueSeconds: number;
  /** By their base model, with which they go. */
  readonly #variants = new WeakMap<LanguageModel, Map<string, LanguageModel>>();

  constructor(keepAlive: (load: Promise<unknown>) => void, queueSeconds: number = DEFAULT_QUEUE_SECONDS) {
    this.#loads = new LoadOnce(keepAlive);
    this.#queueSeconds = queueSeconds;
  }

  /**
   * Returns a model with an adapter, which is loaded first if necessary.
   * @param until settles when the caller no longer uses it; until then, the adapter does not give way to others
   * @throws GptEdgeError `model_not_found` if the model has no such adapter, `unsupported_model` if it runs on an engine
   *   that applies none, `model_unavailable` for damaged files, `overloaded` if other adapters that are being used leave
   *   no room
   */
  async get(base: LanguageModel, name: string, files: ModelFiles, until: Promise<unknown>): Promise<LanguageModel> {
    checkName(base.manifest, name);
    const { adapters } = base.decoder;
    if (adapters === undefined) throw new GptEdgeError('unsupported_model', noAdapters(base.id), { param: 'model' });
    adapters.use(name, until);
    await this.#load(base, adapters, name);
    const known = this.#variants.get(base) ?? new Map<string, LanguageModel>();
    this.#variants.set(base, known);
    const variant = known.get(name) ?? (await makeVariant(base, name, files));
    known.set(name, variant);
    return variant;
  }

  /**
   * Describes an adapter.
   * @param base the loaded model, if it is loaded
   * @throws GptEdgeError `model_not_found`, or `model_unavailable` for a damaged file
   */
  async describe(name: string, files: ModelFiles, base: LanguageModel | undefined): Promise<AdapterDescription> {
    const { manifest } = files;
    checkName(manifest, name);
    const { rank, parameters, multiplyAddsPerToken, dtype, source } = await readManifest(files, name);
    const bytes = Object.values(adapterFiles(name)!).reduce((sum, file) => sum + manifest.files[file].bytes, 0);
    const isLoaded = base?.decoder.adapters?.isLoaded(name) ?? false;
    return { name, rank, parameters, multiplyAddsPerToken, dtype, source, bytes, isLoaded };
  }

  /** Loads an adapter once there is room, however many requests ask for it at the same time. */
  async #load(base: LanguageModel, adapters: Adapters, name: string): Promise<void> {
    const deadline = steadyNow() + this.#queueSeconds * 1000;
    const id = variantId(base.id, name);
    while (!adapters.isLoaded(name)) {
      const hasRoom = await this.#loads.get(id, async () => {
        const load = adapters.load(name);
        await load;
        return load !== null;
      });
      this.#loads.forget(id);
      if (hasRoom) continue;
      if (steadyNow() >= deadline) throw noRoom(name);
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.min(LOOK_MS, deadline - steadyNow()))));
    }
  }
}

const noRoom = (name: string): GptEdgeError =>
  new GptEdgeError(
    'overloaded',
    `There is no room for the adapter ${name} while requests use the others that are loaded. Try again when those have ended.`,
    { param: 'model', retryAfterSeconds: RETRY_SECONDS },
  );

function checkName({ id, files }: Manifest, name: string): void {
  const names = adapterNames(files);
  if (names.includes(name)) return;
  const there = names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`;
  throw new GptEdgeError('model_not_found', `The model ${id} has no adapter ${JSON.stringify(excerpt(name))}. ${there}`, {
    param: 'model',
  });
}

const noAdapters = (id: string): string =>
  `${id} runs on onnxruntime-web, which applies no adapters: the edge engine does (ENGINE), or an adapter can be merged into its model before it is converted.`;

async function readManifest(files: ModelFiles, name: string) {
  const { manifest: file } = adapterFiles(name)!;
  const bytes = await files.read(file);
  try {
    return parseAdapterManifest(new TextDecoder().decode(bytes), file);
  } catch (cause) {
    throw new GptEdgeError('model_unavailable', (cause as Error).message, { param: 'model', cause });
  }
}

async function makeVariant(base: LanguageModel, name: string, files: ModelFiles): Promise<LanguageModel> {
  const { multiplyAddsPerToken } = await readManifest(files, name);
  const hashes = Object.values(adapterFiles(name)!).map((file) => files.manifest.files[file].sha256);
  const print = await sha256(new TextEncoder().encode([base.fingerprint, ...hashes].join('\n')));
  return {
    ...base,
    id: variantId(base.id, name),
    adapter: { name, multiplyAddsPerToken },
    fingerprint: `fp_${print.slice(0, 12)}_${base.decoder.engine}`,
  };
}
