import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { convertModel } from '../../convert/convert-model.ts';
import { chooseId, type Settings } from '../../convert/convert-options.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import type { Choice } from '../hub/choose-files.ts';
import { fetchFromHub } from '../hub/fetch-from-hub.ts';
import type { HubName } from '../hub/hub-name.ts';
import type { HubSettings } from '../hub/hub-settings.ts';
import { openModelFolder, readModelFolder } from '../model-folder.ts';
import { type PlannedModel, planModels } from '../plan-models.ts';
import { bestSettings } from './best-settings.ts';

/** What is to be added, and how. */
export interface AddRequest extends Settings {
  readonly name: HubName;
  readonly hub: HubSettings;
  /** The folder of models that the new one is put into, under its id. */
  readonly models: string;
  /** Default: made from the repository's name, or that of the file if one was named. */
  readonly id?: string;
  /** See ConvertOptions. */
  readonly keepTokens?: readonly string[];
  readonly sampling?: string;
  /** Bytes that a Worker may hold. */
  readonly limitBytes: number;
  readonly onNote?: (note: string) => void;
  readonly onDownload?: OnBytes;
  readonly onConvert?: OnBytes;
  readonly signal?: AbortSignal;
}

type OnBytes = (progress: { readonly bytes: number; readonly totalBytes: number }) => void;

/** A model that was added. */
export interface AddedModel {
  readonly path: string;
  readonly manifest: Manifest;
  /** How a Worker will run it. */
  readonly plan: PlannedModel;
}

/** Bytes of a weight in the narrowest format: 4 bits, and a scale of 16 bits for each 32 weights. */
const LEAST_BYTES = 4.5 / 8;

/**
 * Brings a model from the Hugging Face hub and converts it with the best settings that fit into a Worker. A model that
 * fits with none is refused before it is downloaded, if that is certain, or else before it is written.
 * @throws GptEdgeError `memory_limit_exceeded` for a model that is too large, `invalid_value` if another model has the
 *   id; and what fetchFromHub and convertModel throw
 */
export async function addModel(request: AddRequest): Promise<AddedModel> {
  const { name, hub, models, limitBytes, onNote, signal } = request;
  // How much a smaller vocabulary saves is known when the tokenizer is.
  const onChoice = (choice: Choice) => request.keepTokens ?? refuseTooLarge(name.repo, choice, limitBytes);
  const fetched = await fetchFromHub(name, hub, { limitBytes, onChoice, onNote, onProgress: request.onDownload, signal });
  const id = chooseId(request, fetched.name);
  const path = join(models, id);
  await checkFree(path, name.repo);
  await mkdir(models, { recursive: true });
  let plan: PlannedModel | undefined;
  const manifest = await convertModel({
    source: fetched.path,
    target: path,
    id,
    origin: fetched.origin,
    sampling: request.sampling,
    keepTokens: request.keepTokens,
    dtype: request.dtype ?? fetched.dtype,
    embeddings: request.embeddings,
    contextWindow: request.contextWindow,
    chooseSettings: async (open) => {
      const { settings, isOwn } = await bestSettings(open, request, limitBytes);
      const tables = settings.embeddings === 'same' ? '' : `, embeddings and head in ${settings.embeddings}`;
      const why = isOwn ? 'as the checkpoint has it, or nearest to it' : `the most precise that fits into ${limitBytes / 1e6} MB`;
      onNote?.(`Weights are stored in ${settings.dtype}${tables}: ${why}.`);
      return settings;
    },
    check: async (folder) => {
      [plan] = await planModels([await openModelFolder(folder)], { MEMORY_LIMIT_MB: String(limitBytes / 1e6) });
    },
    onNote,
    onProgress: request.onConvert,
    signal,
  });
  return { path, manifest, plan: plan! };
}

/** Refuses a model whose weights alone are too large in the narrowest format, before anything is downloaded. */
function refuseTooLarge(repo: string, { leastParameters }: Choice, limitBytes: number): void {
  const bytes = leastParameters * LEAST_BYTES;
  if (bytes <= limitBytes) return;
  const most = Math.floor(limitBytes / LEAST_BYTES / 1e6);
  throw new GptEdgeError(
    'memory_limit_exceeded',
    `${repo} has at least ${Math.floor(leastParameters / 1e6)} million weights, which take ${Math.ceil(bytes / 1e6)} MB in 4 bits, and a Worker has ${limitBytes / 1e6} MB. Take a model of fewer than ${most} million weights; with --keep-tokens, a large vocabulary shrinks.`,
    { param: 'name' },
  );
}

/** Refuses to replace a model that did not come from the same repository. */
async function checkFree(path: string, repo: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  const { manifest } = await readModelFolder(path);
  if (manifest.source.startsWith(`${repo}@`)) return;
  throw new GptEdgeError('invalid_value', `${path} is another model, from ${manifest.source}. --id gives the new one another name.`, {
    param: 'id',
  });
}
