import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { GptEdgeError } from '../../core/errors.ts';
import { CHUNK_BYTES, type ManifestFile } from '../../core/folder/manifest.ts';

/**
 * Returns a file's size and hashes as a manifest states them. The file is read chunk by chunk.
 * @throws GptEdgeError `invalid_file` if the file shrinks in the meantime
 */
export async function hashFile(path: string): Promise<ManifestFile> {
  const handle = await open(path);
  try {
    const { size: bytes } = await handle.stat();
    const whole = createHash('sha256');
    const chunks: string[] = [];
    for (let start = 0; start < bytes; start += CHUNK_BYTES) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, bytes - start));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
      if (bytesRead !== chunk.length)
        throw new GptEdgeError('invalid_file', `${path}: ended at byte ${start + bytesRead} while being read`);
      whole.update(chunk);
      chunks.push(createHash('sha256').update(chunk).digest('hex'));
    }
    return { bytes, sha256: whole.digest('hex'), ...(bytes > CHUNK_BYTES ? { chunks } : {}) };
  } finally {
    await handle.close();
  }
}
