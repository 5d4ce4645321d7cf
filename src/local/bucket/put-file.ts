import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { GptEdgeError } from '../../core/errors.ts';
import type { ModelBucket } from './bucket.ts';
import type { UnfinishedUpload } from './unfinished-uploads.ts';

/** Bytes of one part of a multipart upload. R2 wants parts of at least 5 MiB, all of equal size except the last. */
export const PART_BYTES = 8 * 2 ** 20;

export interface PutFileOptions extends ModelBucket {
  key: string;
  /** The file's hash. It is kept in the object's `customMetadata`, since R2 itself keeps only an MD5. */
  sha256: string;
  /** Called with the number of bytes of each piece that was sent. */
  onBytes?: (count: number) => void;
}

/**
 * Puts one file into a bucket: a small file whole, a large one as a multipart upload, which continues where an
 * interrupted one ended.
 * @throws GptEdgeError `command_failed` if what arrived has a different SHA-256
 */
export async function putFile(path: string, options: PutFileOptions): Promise<void> {
  const { bucket, key, sha256, onBytes } = options;
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > PART_BYTES) return await putInParts(file, size, options);
    // R2 refuses bytes whose hash is not this one.
    await bucket.put(key, await readPart(file, 0, size), { customMetadata: { sha256 }, sha256 });
    onBytes?.(size);
  } finally {
    await file.close();
  }
}

async function putInParts(file: FileHandle, size: number, options: PutFileOptions): Promise<void> {
  const { bucket, key, sha256, uploads } = options;
  const name = `${key} ${sha256}`;
  const begin = async () => ({ uploadId: (await bucket.createMultipartUpload(key, { customMetadata: { sha256 } })).uploadId, parts: [] });
  const unfinished = await uploads.get(name);
  try {
    await sendParts(file, size, name, unfinished ?? (await begin()), options);
  } catch (error) {
    // R2 drops an upload that is not finished within a week.
    if (!unfinished || !/10024|does not exist|No such upload/i.test((error as Error).message)) throw error;
    await sendParts(file, size, name, await begin(), options);
  }
  const arrived = await bucket.get(key);
  if (arrived !== null && (await hashStream(arrived.body)) === sha256) return;
  await bucket.delete(key);
  throw new GptEdgeError('command_failed', `${key} arrived damaged: its SHA-256 is not ${sha256}. Push again.`);
}

/** Uploads the parts that have not arrived yet, and completes the upload. */
async function sendParts(
  file: FileHandle,
  size: number,
  name: string,
  { uploadId, parts }: UnfinishedUpload,
  options: PutFileOptions,
): Promise<void> {
  const upload = options.bucket.resumeMultipartUpload(options.key, uploadId);
  for (let offset = 0; offset < size; offset += PART_BYTES) {
    const length = Math.min(PART_BYTES, size - offset);
    const partNumber = offset / PART_BYTES + 1;
    if (!parts.some((part) => part.partNumber === partNumber)) {
      parts.push(await upload.uploadPart(partNumber, await readPart(file, offset, length)));
      await options.uploads.set(name, { uploadId, parts });
    }
    options.onBytes?.(length);
  }
  await upload.complete(parts);
  await options.uploads.set(name, undefined);
}

/** SHA-256, in hexadecimal digits, of what a stream yields. */
export async function hashStream(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

async function readPart(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const { buffer } = await file.read({ buffer: new Uint8Array(length), position, length });
  return buffer;
}
