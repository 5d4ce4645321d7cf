import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { GptEdgeError } from '../../core/errors.ts';
import { invalidFile } from '../../core/invalid-file.ts';

/** Makes the error for a file. The problem is a phrase that follows the file's name. */
export type FailFile = (problem: string, cause?: unknown) => GptEdgeError;

/**
 * Opens a regular file for reading. A symbolic link is followed, since Hugging Face's cache consists of links, and what
 * it leads to is checked: a device or a pipe may never end, and its size says nothing.
 * @param fail default: names the file without its folder
 * @throws the error that `fail` makes (GptEdgeError `invalid_file`) if the file is missing, cannot be opened, or is not
 *   a regular file
 */
export async function openFile(path: string, fail: FailFile = failFile(path)): Promise<FileHandle> {
  const refuse = (cause: NodeJS.ErrnoException): never => {
    throw fail(`cannot be opened: ${cause.code === 'ENOENT' ? 'there is no such file' : cause.message}`, cause);
  };
  // Opening a device may do something, so it is looked at first.
  checkRegular(await stat(path).catch(refuse), fail);
  // Should a pipe have taken its place in the meantime, opening it does not wait for a writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(refuse);
  return closeOnFailure(handle, async () => {
    checkRegular(await handle.stat(), fail);
    return handle;
  });
}

const failFile =
  (path: string): FailFile =>
  (problem, cause) =>
    invalidFile(basename(path), problem, cause);

function checkRegular(stats: Stats, fail: FailFile): void {
  if (!stats.isFile()) throw fail(`is ${kindOf(stats)}, and not a file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** Returns what `use` makes of an open file, which stays open for it. The file is closed only if `use` fails. */
export async function closeOnFailure<T>(file: { close(): Promise<void> }, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    await file.close();
    throw error;
  }
}
