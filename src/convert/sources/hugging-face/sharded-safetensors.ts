import { join } from 'node:path';
import { invalidFile } from '../../../core/invalid-file.ts';
import { closeOnFailure } from '../../files/open-file.ts';
import { readBounded } from '../../files/read-bounded.ts';
import type { SourceTensor, TensorSource } from '../../tensors/tensor-source.ts';
import { openSafetensors } from './safetensors.ts';
import { MAX_INDEX_BYTES, parseSafetensorsIndex } from './safetensors-index.ts';

/** Name of the file that says which shard holds which tensor. */
export const SAFETENSORS_INDEX = 'model.safetensors.index.json';

/**
 * Opens a checkpoint that is split into several safetensors files as if it were one. Returns undefined if the folder
 * has no index.
 * @throws GptEdgeError `invalid_file` for an index or a shard that is broken, and if index and shards disagree
 */
export async function openShardedSafetensors(folder: string): Promise<TensorSource | undefined> {
  const bytes = await readBounded(folder, { name: SAFETENSORS_INDEX, maxBytes: MAX_INDEX_BYTES, required: false });
  if (!bytes) return undefined;
  const index = parseSafetensorsIndex(bytes, SAFETENSORS_INDEX);
  const shards = new Map<string, TensorSource>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  return closeOnFailure({ close }, async () => {
    for (const name of [...new Set(index.values())].sort()) shards.set(name, await openSafetensors(join(folder, name)));
    return {
      file: SAFETENSORS_INDEX,
      tensors: mergeTensors(index, shards),
      read: (name) => shards.get(index.get(name)!)!.read(name),
      readRows: (name, start, count) => shards.get(index.get(name)!)!.readRows(name, start, count),
      close,
    };
  });
}

/** Collects all shards' tensors by name, and checks that each lies where the index says, and nowhere else. */
function mergeTensors(index: ReadonlyMap<string, string>, shards: ReadonlyMap<string, TensorSource>): Map<string, SourceTensor> {
  const tensors = new Map<string, SourceTensor>();
  for (const [file, shard] of shards)
    for (const [name, tensor] of shard.tensors) {
      const expected = index.get(name);
      const problem = expected ? `belongs to ${expected} according to ${SAFETENSORS_INDEX}` : `is not in ${SAFETENSORS_INDEX}`;
      if (expected !== file) throw invalidFile(file, `tensor ${JSON.stringify(name)} ${problem}`);
      tensors.set(name, tensor);
    }
  for (const [name, file] of index)
    if (!tensors.has(name)) throw invalidFile(file, `has no tensor ${JSON.stringify(name)}, which ${SAFETENSORS_INDEX} says is there`);
  return tensors;
}
