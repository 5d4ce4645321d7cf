import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PAGE_FILES } from '../local/project-paths.ts';

/** Of everything that the playground at / is made of, fonts included. It should be there before the reader looks. */
export const MAX_PAGE_BYTES = 60_000;

export interface PageSize {
  pageBytes: number;
  referenceBytes: number;
}

/** Bytes of the built playground and of the built reference, each file as gzip makes it. */
export async function pageSize(): Promise<PageSize> {
  const names = (await readdir(PAGE_FILES, { recursive: true })).filter(isLoaded);
  const sizes = await Promise.all(names.map(async (name) => [name, await gzipBytes(name)] as const));
  const sum = (chosen: typeof sizes) => chosen.reduce((total, [, bytes]) => total + bytes, 0);
  return { pageBytes: sum(sizes.filter(([name]) => !isReference(name))), referenceBytes: sum(sizes.filter(([name]) => isReference(name))) };
}

const isReference = (name: string): boolean => /(^|[/\\])(docs\.|reference-)/.test(name);

/** The licences are loaded by who wants to read them. */
const isLoaded = (name: string): boolean => /\.\w+$/.test(name) && !name.endsWith('.txt');

async function gzipBytes(name: string): Promise<number> {
  const bytes = await readFile(join(PAGE_FILES, name));
  return name.endsWith('.woff2') ? bytes.length : (await promisify(gzip)(bytes)).length;
}
