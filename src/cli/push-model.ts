import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../model/errors.ts';
import type { Bucket } from './bucket.ts';
import type { ModelFolder } from './model-folder.ts';

/** Bytes of one multipart piece: R2 wants at least 5 MiB, and all of equal size but the last. */
const PART_BYTES = 8 * 2 ** 20;

/**
 * Puts what has changed of a model folder under `models/<id>/`, each object with its SHA-256 in `customMetadata`. The
 * manifest goes last, so that a model is never there without its files.
 * @returns names of the files that were put
 * @throws GptEdgeError `invalid_file` for a file whose SHA-256 is not the manifest's
 */
export async function pushModel(
  { path, manifest }: ModelFolder,
  bucket: Bucket,
  onBytes: (count: number) => void = () => {},
): Promise<string[]> {
  const manifestHash = createHash('sha256')
    .update(await readFile(join(path, 'manifest.json')))
    .digest('hex');
  const files = [
    ...Object.entries(manifest.files).map(([name, { sha256 }]) => ({ name, sha256 })),
    { name: 'manifest.json', sha256: manifestHash },
  ];
  const put: string[] = [];
  for (const { name, sha256 } of files) {
    const key = `models/${manifest.id}/${name}`;
    if ((await bucket.head(key))?.customMetadata?.sha256 === sha256) continue;
    await checkHash(join(path, name), sha256);
    await putFile(join(path, name), key, sha256, bucket, onBytes);
    put.push(name);
  }
  return put;
}

async function checkHash(path: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  if (hash.digest('hex') !== expected)
    throw new GptEdgeError('invalid_file', `${path} is damaged: its SHA-256 is not the one in manifest.json.`);
}

async function putFile(path: string, key: string, sha256: string, bucket: Bucket, onBytes: (count: number) => void): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const options = { customMetadata: { sha256 } };
    if (size <= PART_BYTES) {
      await bucket.put(key, await readPart(file, 0, size), options);
      return onBytes(size);
    }
    const upload = await bucket.createMultipartUpload(key, options);
    try {
      const parts = [];
      for (let offset = 0; offset < size; offset += PART_BYTES) {
        const part = await readPart(file, offset, Math.min(PART_BYTES, size - offset));
        parts.push(await upload.uploadPart(parts.length + 1, part));
        onBytes(part.length);
      }
      await upload.complete(parts);
    } catch (error) {
      await upload.abort().catch(() => {});
      throw error;
    }
  } finally {
    await file.close();
  }
}

async function readPart(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const { buffer } = await file.read({ buffer: new Uint8Array(length), position, length });
  return buffer;
}
