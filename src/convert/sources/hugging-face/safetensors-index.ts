import type { GptEdgeError } from '../../../core/errors.ts';
import { invalidFile } from '../../../core/invalid-file.ts';
import { MAX_TENSOR_NAME, MAX_TENSORS } from '../../tensors/tensor-limits.ts';

/** Limit for the index file. An entry takes about 100 bytes a tensor, so there is room for 100,000. */
export const MAX_INDEX_BYTES = 10 * 2 ** 20;
/**
 * Limit for the number of shards. Each stays open while tensors are read. The largest published checkpoints have fewer
 * than 200.
 */
export const MAX_SHARDS = 256;
/** The name of a file beside the index. No name that leads out of the folder matches. */
const SHARD_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.safetensors$/;

/**
 * Reads a model.safetensors.index.json. Its `metadata.total_size` is ignored: published indexes are often wrong about
 * it, and the shards state their own sizes.
 * @returns the name of the shard that holds each tensor, by the tensor's name
 * @throws GptEdgeError `invalid_file`, naming the file, the field, the value and the limit
 */
export function parseSafetensorsIndex(bytes: Uint8Array, file: string): Map<string, string> {
  const fail = (problem: string, cause?: unknown) => invalidFile(file, problem, cause);
  const entries = Object.entries(parseWeightMap(bytes, fail));
  if (entries.length > MAX_TENSORS) throw fail(`weight_map lists ${entries.length} tensors, over the limit of ${MAX_TENSORS}`);
  for (const [name, shard] of entries) {
    if (name.length > MAX_TENSOR_NAME) throw fail(`a tensor name of ${name.length} characters is over the limit of ${MAX_TENSOR_NAME}`);
    if (typeof shard === 'string' && SHARD_NAME.test(shard)) continue;
    const value = (JSON.stringify(shard) ?? 'undefined').slice(0, 80);
    throw fail(`weight_map: ${JSON.stringify(name)}: ${value} is not the name of a safetensors file in this folder`);
  }
  const shards = new Set(entries.map(([, shard]) => shard)).size;
  if (shards > MAX_SHARDS) throw fail(`weight_map names ${shards} files, over the limit of ${MAX_SHARDS}`);
  return new Map(entries as [string, string][]);
}

function parseWeightMap(bytes: Uint8Array, fail: (problem: string, cause?: unknown) => GptEdgeError): object {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fail('is not JSON in UTF-8', cause);
  }
  const map = typeof json === 'object' && json !== null && 'weight_map' in json ? json.weight_map : undefined;
  if (typeof map === 'object' && map !== null && !Array.isArray(map)) return map;
  throw fail('has no weight_map, a JSON object of tensors and files');
}
