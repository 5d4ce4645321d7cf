import { join } from 'node:path';
import { hashFile } from '../../convert/files/hash-file.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { ModelFolder } from '../model-folder.ts';
import type { ModelBucket } from './model-bucket.ts';
import { putFile } from './put-file.ts';

/**
 * Puts what has changed of a model folder under `models/<id>/`, each object with its SHA-256 in `customMetadata`, and
 * verifies what arrived. The manifest goes last, so that a model is never there without its files.
 * @param onBytes told the bytes sent, piece by piece
 * @returns names of the files that were put
 * @throws GptEdgeError `invalid_file` for a file whose SHA-256 is not the manifest's, `command_failed` for one that arrived damaged
 */
export async function pushModel(
  { path, manifest }: ModelFolder,
  target: ModelBucket,
  onBytes?: (count: number) => void,
): Promise<string[]> {
  const put: string[] = [];
  for (const name of [...Object.keys(manifest.files), 'manifest.json']) {
    const key = `models/${manifest.id}/${name}`;
    const { sha256, bytes } = await hashFile(join(path, name));
    const expected = manifest.files[name]?.sha256 ?? sha256;
    if (sha256 !== expected)
      throw new GptEdgeError('invalid_file', `${join(path, name)} is damaged: its SHA-256 is not the one in manifest.json.`);
    const stored = await target.bucket.head(key);
    if (stored?.customMetadata?.sha256 === sha256 && stored.size === bytes) continue;
    await putFile(join(path, name), { ...target, key, sha256, onBytes });
    put.push(name);
  }
  return put;
}
