import type { FileHandle } from 'node:fs/promises';
import { invalidFile } from '../../core/invalid-file.ts';

/**
 * The bytes of a file from `position` on, in a buffer of their own: typed arrays of wider elements are laid over it.
 * @throws GptEdgeError `invalid_file` when the file ends before `length` bytes
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
