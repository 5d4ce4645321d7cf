import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hashFile } from '../../convert/files/hash-file.ts';
import { readWhole } from '../../convert/files/read-bounded.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { adviceFor } from '../../core/folder/editable-files.ts';
import { parseManifest } from '../../core/folder/manifest.ts';
import { fileKey, versionKey, versionOf } from '../../core/folder/stored-model.ts';
import { invalidFile } from '../../core/invalid-file.ts';
import { MAX_CONFIG_BYTES } from '../../core/limits.ts';
import type { ModelFolder } from '../model-folder.ts';
import type { Bucket, ModelBucket } from './bucket.ts';
import { expectedEtag } from './expected-etag.ts';
import { movePointer, readCurrent } from './pointer.ts';
import { putFile } from './put-file.ts';

/** What a push has done. */
export interface Pushed {
  /** The version that is current now. */
  version: string;
  /** The version that was current before; null if there was none. */
  former: string | null;
  /** The names of the files that were put. */
  put: string[];
}

/** A file of the folder, and the object that it becomes. */
interface StoredFile {
  name: string;
  path: string;
  key: string;
  sha256: string;
  bytes: number;
  etag: string;
}

/**
 * Pushes a model folder to a bucket, where it becomes the current version of its model. To *push* a folder is to *put*
 * those of its files into the bucket that are not there; a large file is put by a *multipart upload*. When all of them
 * are there, with the sizes and hashes that R2 states, the manifest follows, and last the pointer is moved. Until then,
 * the version before is served, whatever becomes of the push.
 * @param onBytes called with the number of bytes of each piece that was sent
 * @throws GptEdgeError `invalid_file` if a file's SHA-256 differs from the manifest's; `command_failed` if a file
 * arrived damaged
 */
export async function pushModel(
  { path }: Pick<ModelFolder, 'path'>,
  target: ModelBucket,
  onBytes?: (count: number) => void,
): Promise<Pushed> {
  const { bucket } = target;
  const text = await readManifest(path);
  const { id, files } = parseManifest(new TextDecoder().decode(text), join(path, 'manifest.json'));
  const sha256 = createHash('sha256').update(text).digest('hex');
  const version = versionOf(sha256);
  const former = await readCurrent(bucket, id);
  const stored = await Promise.all(Object.entries(files).map(([name, file]) => storedFile(path, id, name, file.sha256)));
  const put: string[] = [];
  for (const file of stored) {
    if (await hasArrived(bucket, file)) continue;
    await putFile(file.path, { ...target, key: file.key, sha256: file.sha256, name: file.name, onBytes });
    put.push(file.name);
  }
  for (const file of stored) if (!(await hasArrived(bucket, file))) await refuse(bucket, file);
  if (former !== version) {
    await bucket.put(versionKey(id, version), text, { customMetadata: { name: 'manifest.json' }, sha256 });
    await movePointer(bucket, id, version);
  }
  return { version, former, put };
}

function readManifest(path: string): Promise<Uint8Array> {
  const manifest = join(path, 'manifest.json');
  return readWhole(manifest, MAX_CONFIG_BYTES, (problem, cause) => invalidFile(manifest, problem, cause));
}

async function storedFile(folder: string, id: string, name: string, expected: string): Promise<StoredFile> {
  const path = join(folder, name);
  const { sha256, bytes } = await hashFile(path);
  if (sha256 !== expected)
    throw new GptEdgeError('invalid_file', `${path} is damaged: its SHA-256 is not the one in manifest.json.${adviceFor(name, folder)}`);
  return { name, path, key: fileKey(id, sha256), sha256, bytes, etag: await expectedEtag(path) };
}

async function hasArrived(bucket: Bucket, { key, bytes, etag }: StoredFile): Promise<boolean> {
  const object = await bucket.head(key);
  return object !== null && object.size === bytes && object.etag === etag;
}

/** What is damaged is deleted, so that the next push does not build on it. */
async function refuse(bucket: Bucket, { key, name }: StoredFile): Promise<never> {
  await bucket.delete(key);
  throw new GptEdgeError('command_failed', `${name} arrived damaged, or not at all. The version before is still served. Push again.`);
}
