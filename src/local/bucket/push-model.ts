import { join } from 'node:path';
import { hashFile } from '../../convert/files/hash-file.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { ModelFolder } from '../model-folder.ts';
import type { ModelBucket } from './bucket.ts';
import { putFile } from './put-file.ts';

/**
 * Pushes a model folder to a bucket. To *push* a folder is to *put* those of its files that have changed into the
 * bucket; a large file is put by a *multipart upload*. The objects lie under `models/<id>/`, each with its SHA-256 in
 * `customMetadata`, and what arrives is verified. The manifest goes last, so that a model never appears without its
 * files.
 * @param onBytes called with the number of bytes of each piece that was sent
 * @returns the names of the files that were put
 * @throws GptEdgeError `invalid_file` if a file's SHA-256 differs from the manifest's; `command_failed` if a file
 * arrived damaged
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
