import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { invalidFile } from '../../core/invalid-file.ts';

/** @throws GptEdgeError `invalid_file` if the file is missing or cannot be opened */
export function openFile(path: string): Promise<FileHandle> {
  return open(path).catch((cause) => {
    throw invalidFile(basename(path), `cannot be opened: ${(cause as Error).message}`, cause);
  });
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
