import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PAGE_FILES } from './project-paths.ts';

/**
 * The largest size of everything that the playground at / loads, fonts included. The playground should appear without a
 * noticeable wait.
 */
export const MAX_PAGE_BYTES = 61_000;

/** Bytes over the network: text files are counted as gzip compresses them. */
export interface PageSize {
  /** The playground. */
  pageBytes: number;
  /** The API reference at /docs. */
  referenceBytes: number;
}

/** Measures the built playground and the built API reference. */
export async function pageSize(): Promise<PageSize> {
  const names = (await readdir(PAGE_FILES, { recursive: true })).filter(isLoaded);
  const sizes = await Promise.all(names.map(async (name) => [name, await gzipBytes(name)] as const));
  const sum = (chosen: typeof sizes) => chosen.reduce((total, [, bytes]) => total + bytes, 0);
  return { pageBytes: sum(sizes.filter(([name]) => !isReference(name))), referenceBytes: sum(sizes.filter(([name]) => isReference(name))) };
}

const isReference = (name: string): boolean => /(^|[/\\])(docs\.|reference-)/.test(name);

/** Whether a browser loads the file with a page: the licences are only loaded by those who read them. */
const isLoaded = (name: string): boolean => /\.\w+$/.test(name) && !name.endsWith('.txt');

async function gzipBytes(name: string): Promise<number> {
  const bytes = await readFile(join(PAGE_FILES, name));
  return name.endsWith('.woff2') ? bytes.length : (await promisify(gzip)(bytes)).length;
}
