import { type FileHandle, open } from 'node:fs/promises';
import { GptEdgeError } from '../../core/errors.ts';
import { hashStream } from './hash-stream.ts';
import type { ModelBucket } from './model-bucket.ts';
import type { UnfinishedUpload } from './unfinished-uploads.ts';

/** Bytes of one multipart piece: R2 wants at least 5 MiB, and all of equal size but the last. */
export const PART_BYTES = 8 * 2 ** 20;

export interface PutFileOptions extends ModelBucket {
  key: string;
  /** Of the file; kept in the object's `customMetadata`, since R2 itself keeps only an MD5. */
  sha256: string;
  onBytes?: (count: number) => void;
}

/**
 * Puts a file into a bucket: a small one whole, a large one in pieces, going on where an interrupted upload ended.
 * @throws GptEdgeError `command_failed` where what arrived has another SHA-256
 */
export async function putFile(path: string, options: PutFileOptions): Promise<void> {
  const { bucket, key, sha256, onBytes } = options;
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > PART_BYTES) return await putInParts(file, size, options);
    // R2 refuses bytes that do not have this hash.
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
    // R2 drops an upload that nobody finished for a week.
    if (!unfinished || !/10024|does not exist|No such upload/i.test((error as Error).message)) throw error;
    await sendParts(file, size, name, await begin(), options);
  }
  const arrived = await bucket.get(key);
  if (arrived !== null && (await hashStream(arrived.body)) === sha256) return;
  await bucket.delete(key);
  throw new GptEdgeError('command_failed', `${key} arrived damaged: its SHA-256 is not ${sha256}. Push again.`);
}

/** Sends the parts that have not arrived yet, and joins all of them. */
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

async function readPart(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const { buffer } = await file.read({ buffer: new Uint8Array(length), position, length });
  return buffer;
}
