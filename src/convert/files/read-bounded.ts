import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';

/** A file of a folder that is small enough to be read as a whole. */
export interface BoundedFile {
  readonly name: string;
  readonly maxBytes: number;
  readonly required: boolean;
}

/**
 * Reads a small file of a folder. Returns undefined if it is missing and not required.
 * @throws GptEdgeError `invalid_file` if it is required and missing, cannot be read, or is over its limit
 */
export async function readBounded(folder: string, { name, maxBytes, required }: BoundedFile): Promise<Uint8Array | undefined> {
  const path = join(folder, name);
  const fail = (problem: string, cause?: unknown) => new GptEdgeError('invalid_file', `${path}: ${problem}`, { param: name, cause });
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw fail(`has ${size} bytes, over the limit of ${maxBytes}`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof GptEdgeError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !required) return undefined;
    throw fail(`cannot be read: ${(error as Error).message}`, error);
  }
}
