import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { openFile } from './open-file.ts';
import { readRange } from './read-range.ts';

/** Bytes that are copied at a time. */
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * Copies the first `bytes` bytes of a file, so that the copy ends even where the file does not.
 * @throws GptEdgeError `invalid_file` if it is not a regular file, or has fewer bytes
 */
export async function copyBytes(from: string, to: string, bytes: number): Promise<void> {
  const source = await openFile(from);
  try {
    const target = await open(to, 'wx');
    try {
      for (let start = 0; start < bytes; start += PIECE_BYTES)
        await target.writeFile(await readRange(source, start, Math.min(PIECE_BYTES, bytes - start), basename(from)));
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
