import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../convert/hash-file.ts';
import { GptEdgeError } from '../model/errors.ts';
import { hashBytes } from './hash.ts';
import type { ModelBucket } from './model-bucket.ts';
import type { ModelFolder } from './model-folder.ts';
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
  const manifestHash = hashBytes(await readFile(join(path, 'manifest.json')));
  const files = Object.entries(manifest.files).map(([name, { sha256 }]) => ({ name, sha256 }));
  const put: string[] = [];
  for (const { name, sha256 } of [...files, { name: 'manifest.json', sha256: manifestHash }]) {
    const key = `models/${manifest.id}/${name}`;
    const local = await hashFile(join(path, name));
    if (local.sha256 !== sha256)
      throw new GptEdgeError('invalid_file', `${join(path, name)} is damaged: its SHA-256 is not the one in manifest.json.`);
    const stored = await target.bucket.head(key);
    if (stored?.customMetadata?.sha256 === sha256 && stored.size === local.bytes) continue;
    await putFile(join(path, name), { ...target, key, sha256, onBytes });
    put.push(name);
  }
  return put;
}
