import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { readFolderFiles } from './folder-files.ts';
import { openSafetensors } from './safetensors.ts';
import { openShardedSafetensors } from './sharded-safetensors.ts';

/** What a conversion reads: the small files at once, the weights when asked for. */
export interface ModelSource {
  /** The last part of the folder's path. */
  readonly name: string;
  /** What it is, in words, but for the element type of its weights. */
  readonly layout: string;
  /** The license's name, where something else than the model card states it. */
  readonly license?: string;
  /** Files to be copied, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly weights: TensorSource;
}

/**
 * Opens a folder in Hugging Face's layout, its weights in one model.safetensors or in shards with an index.
 * @throws GptEdgeError `invalid_file`, naming a file that is missing, too large or broken
 */
export async function openHuggingFaceFolder(folder: string): Promise<ModelSource> {
  const files = await readFolderFiles(folder);
  const weights = await openWeights(folder);
  return { name: basename(resolve(folder)), layout: 'Hugging Face layout, safetensors', files, weights };
}

/** As transformers does, one file goes before shards. */
async function openWeights(folder: string): Promise<TensorSource> {
  const file = join(folder, 'model.safetensors');
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  const sharded = isThere ? undefined : await openShardedSafetensors(folder);
  return sharded ?? openSafetensors(file);
}

/**
 * Reads one of the source's JSON files; an empty object for an optional one that is missing.
 * @throws GptEdgeError `invalid_file` when it is no JSON object
 */
export function readJson(source: Pick<ModelSource, 'files'> & Partial<ModelSource>, name: string): Record<string, unknown> {
  const bytes = source.files.get(name);
  if (!bytes) return {};
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new GptEdgeError('invalid_file', `${name}: is not JSON in UTF-8`, { param: name, cause });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new GptEdgeError('invalid_file', `${name}: is not a JSON object`, { param: name });
}
