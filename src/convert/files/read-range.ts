import type { FileHandle } from 'node:fs/promises';
import { invalidFile } from '../../core/invalid-file.ts';

/**
 * Reads `length` bytes of a file from `position` on. They are in a buffer of their own, not in a piece of Node's pool,
 * so that typed arrays of wider elements can be laid over it.
 * @throws GptEdgeError `invalid_file` if the file ends before that
 */
export async function readRange(handle: FileHandle, position: number, length: number, file: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw invalidFile(file, `ended at byte ${position + done} while being read`);
    done += bytesRead;
  }
  return bytes;
}
