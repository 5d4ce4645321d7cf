import { createHash } from 'node:crypto';
import { GptEdgeError } from '../../core/errors.ts';
import { CHUNK_BYTES, type ManifestFile } from '../../core/folder/manifest.ts';
import { openFile } from './open-file.ts';

/**
 * Returns a file's size and hashes as a manifest states them. The file is read chunk by chunk.
 * @throws GptEdgeError `invalid_file` if the file is not a regular file, or shrinks in the meantime
 */
export async function hashFile(path: string): Promise<ManifestFile> {
  const handle = await openFile(path);
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
