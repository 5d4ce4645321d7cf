import { join } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import { type FailFile, openFile } from './open-file.ts';

/** A file of a folder that is small enough to be read as a whole. */
export interface BoundedFile {
  readonly name: string;
  readonly maxBytes: number;
  readonly required: boolean;
}

/** Bytes that are asked for at a time where a file states no size, or has grown since. */
const PIECE_BYTES = 64 * 1024;

/**
 * Reads a small file of a folder. Returns undefined if it is missing and not required.
 * @throws GptEdgeError `invalid_file` if it is required and missing, cannot be read, is not a regular file, or is over
 *   its limit
 */
export async function readBounded(folder: string, { name, maxBytes, required }: BoundedFile): Promise<Uint8Array | undefined> {
  const path = join(folder, name);
  const fail: FailFile = (problem, cause) => new GptEdgeError('invalid_file', `${path}: ${problem}`, { param: name, cause });
  try {
    return await readWhole(path, maxBytes, fail);
  } catch (error) {
    if (!required && ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Reads a file of at most `maxBytes`. The limit holds while it is read, since a file may grow, and those of /proc state
 * no size at all.
 * @throws the error that `fail` makes if the file is missing, cannot be read, is not a regular file, or is over the
 *   limit
 */
export async function readWhole(path: string, maxBytes: number, fail: FailFile): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await openFile(path, fail);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw fail(`has ${size} bytes, over the limit of ${maxBytes}`);
    // One byte more than the file has shows that it has ended.
    let bytes = new Uint8Array(size + 1);
    for (let end = 0; ; ) {
      const { bytesRead } = await handle.read(bytes, end, bytes.length - end, end).catch((cause: Error) => {
        throw fail(`cannot be read: ${cause.message}`, cause);
      });
      if (bytesRead === 0) return bytes.slice(0, end);
      end += bytesRead;
      if (end > maxBytes) throw fail(`has more than the ${maxBytes} bytes of its limit`);
      if (end === bytes.length) bytes = longer(bytes);
    }
  } finally {
    await handle.close();
  }
}

/** A copy with room for as many bytes again, so that the copying stays in proportion to what is read. */
function longer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length + Math.max(bytes.length, PIECE_BYTES));
  copy.set(bytes);
  return copy;
}
