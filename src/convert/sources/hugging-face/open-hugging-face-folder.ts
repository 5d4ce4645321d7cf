import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import type { Checkpoint } from '../model-source.ts';
import { readFolderFiles } from './folder-files.ts';
import { openSafetensors } from './safetensors.ts';
import { openShardedSafetensors, SAFETENSORS_INDEX } from './sharded-safetensors.ts';

/** Name of the file that holds all weights of a checkpoint without shards. */
export const SINGLE_FILE = 'model.safetensors';

/**
 * Opens a folder in Hugging Face's layout, with its weights in one model.safetensors or in shards with an index.
 * @throws GptEdgeError `invalid_file`, naming a file that is missing, too large or broken
 */
export async function openHuggingFaceFolder(folder: string): Promise<Checkpoint> {
  const files = await readFolderFiles(folder);
  const weights = await openWeights(folder);
  return { name: basename(resolve(folder)), layout: 'Hugging Face layout, safetensors', files, weights };
}

/** Whether a folder holds weights as safetensors, in one file or in shards. */
export async function holdsSafetensors(folder: string): Promise<boolean> {
  return (await exists(join(folder, SINGLE_FILE))) || exists(join(folder, SAFETENSORS_INDEX));
}

/** Opens one file in preference to shards, as transformers does. */
async function openWeights(folder: string): Promise<TensorSource> {
  const file = join(folder, SINGLE_FILE);
  const sharded = (await exists(file)) ? undefined : await openShardedSafetensors(folder);
  return sharded ?? openSafetensors(file);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
