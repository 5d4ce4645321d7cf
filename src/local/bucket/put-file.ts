import type { FileHandle } from 'node:fs/promises';
import { openFile } from '../../convert/files/open-file.ts';
import { readRange } from '../../convert/files/read-range.ts';
import type { ModelBucket } from './bucket.ts';
import type { UnfinishedUpload } from './unfinished-uploads.ts';

/** Bytes of one part of a multipart upload. R2 requires parts of at least 5 MiB, all of equal size except the last. */
export const PART_BYTES = 8 * 2 ** 20;

export interface PutFileOptions extends ModelBucket {
  key: string;
  /** The file's hash. */
  sha256: string;
  /** What the file is called in its model folder. The object has it in its `customMetadata`, for people. */
  name: string;
  /** Called with the number of bytes of each piece that was sent. */
  onBytes?: (count: number) => void;
}

/**
 * Puts one file into a bucket: a small file whole, a large one as a multipart upload, which continues where an
 * interrupted one ended.
 */
export async function putFile(path: string, options: PutFileOptions): Promise<void> {
  const { bucket, key, sha256, name, onBytes } = options;
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    if (size > PART_BYTES) return await putInParts(file, path, size, options);
    // R2 refuses bytes whose hash is not this one.
    await bucket.put(key, await readRange(file, 0, size, path), { customMetadata: { name }, sha256 });
    onBytes?.(size);
  } finally {
    await file.close();
  }
}

async function putInParts(file: FileHandle, path: string, size: number, options: PutFileOptions): Promise<void> {
  const { bucket, key, name, uploads } = options;
  const begin = async () => ({ uploadId: (await bucket.createMultipartUpload(key, { customMetadata: { name } })).uploadId, parts: [] });
  const unfinished = await uploads.get(key);
  try {
    await sendParts(file, path, size, unfinished ?? (await begin()), options);
  } catch (error) {
    // R2 drops an upload that is not finished within a week.
    if (!unfinished || !/10024|does not exist|No such upload/i.test((error as Error).message)) throw error;
    await sendParts(file, path, size, await begin(), options);
  }
}

/** Uploads the parts that have not arrived yet, and completes the upload. */
async function sendParts(
  file: FileHandle,
  path: string,
  size: number,
  { uploadId, parts }: UnfinishedUpload,
  options: PutFileOptions,
): Promise<void> {
  const upload = options.bucket.resumeMultipartUpload(options.key, uploadId);
  for (let offset = 0; offset < size; offset += PART_BYTES) {
    const length = Math.min(PART_BYTES, size - offset);
    const partNumber = offset / PART_BYTES + 1;
    if (!parts.some((part) => part.partNumber === partNumber)) {
      parts.push(await upload.uploadPart(partNumber, await readRange(file, offset, length, path)));
      await options.uploads.set(options.key, { uploadId, parts });
    }
    options.onBytes?.(length);
  }
  await upload.complete(parts);
  await options.uploads.set(options.key, undefined);
}
