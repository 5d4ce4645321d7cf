import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build as bundle, type Metafile } from 'esbuild';
import { GptEdgeError } from '../model/errors.ts';
import { PAGE_FILES, PROJECT } from './project-paths.ts';

/** Of everything that the playground at / is made of, fonts included. It should be there before the reader looks. */
export const MAX_PAGE_BYTES = 60_000;

const SOURCE = join(PROJECT, 'src', 'page');
const ASSETS = join(PAGE_FILES, 'assets');
const ENTRIES = ['playground.tsx', 'playground.css', 'reference.ts', 'reference.css', 'icon.svg'];
const PAGES = ['index.html', 'docs.html'];
/** What the built files contain of others, and asks to be handed on with them. */
const LICENCES = [
  'src/page/fonts/LICENSE',
  'node_modules/preact/LICENSE',
  'node_modules/eventsource-parser/LICENSE',
  'node_modules/swagger-ui-dist/LICENSE',
  'node_modules/swagger-ui-dist/NOTICE',
  'node_modules/swagger-ui-dist/swagger-ui-es-bundle.js.LICENSE.txt',
];

/**
 * Builds the playground and the reference into dist/page: every file but the two pages named by its content.
 * @throws GptEdgeError `command_failed` where that fails or the playground is larger than 60 kB
 */
export async function buildPage(): Promise<void> {
  await rm(PAGE_FILES, { recursive: true, force: true });
  const names = new Map([...assetNames(await bundleAssets()), ['licences.txt', await writeLicences()]]);
  for (const page of PAGES) {
    const html = await readFile(join(SOURCE, page), 'utf8');
    await writeFile(
      join(PAGE_FILES, page),
      html.replaceAll(/\/assets\/([\w.-]+)/g, (_, source) => `/assets/${built(names, source)}`),
    );
  }
  const { pageBytes } = await pageSize();
  if (pageBytes > MAX_PAGE_BYTES)
    throw new GptEdgeError('command_failed', `The page has ${pageBytes} bytes with gzip, more than ${MAX_PAGE_BYTES}.`);
}

async function bundleAssets(): Promise<Metafile> {
  const { metafile } = await bundle({
    absWorkingDir: PROJECT,
    entryPoints: ENTRIES.map((name) => join(SOURCE, name)),
    outdir: ASSETS,
    publicPath: '/assets',
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    loader: { '.woff2': 'file', '.svg': 'copy' },
    bundle: true,
    minify: true,
    metafile: true,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
  }).catch((cause: Error) => {
    throw new GptEdgeError('command_failed', `The page cannot be built: ${cause.message}`, { cause });
  });
  return metafile;
}

/** One text of all licences; its name is that of a file named by its content. */
async function writeLicences(): Promise<string> {
  const texts = await Promise.all(LICENCES.map(async (path) => `${path}\n\n${await readFile(join(PROJECT, path), 'utf8')}`));
  const text = texts.join('\n\n\n');
  const name = `licences-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.txt`;
  await writeFile(join(ASSETS, name), text);
  return name;
}

/** A source's file name, with the extension that it is built to, to the name it is built under. */
function assetNames({ outputs }: Metafile): ReadonlyMap<string, string> {
  const pairs = Object.entries(outputs).flatMap(([output, { entryPoint, inputs }]) => {
    const source = entryPoint ?? Object.keys(inputs)[0];
    return source === undefined ? [] : [[basename(source, extname(source)) + extname(output), basename(output)] as const];
  });
  return new Map(pairs);
}

function built(names: ReadonlyMap<string, string>, source: string): string {
  const name = names.get(source);
  if (name === undefined) throw new GptEdgeError('command_failed', `The page names ${source}, which is not built.`);
  return name;
}

export interface PageSize {
  pageBytes: number;
  referenceBytes: number;
}

/** Bytes of the built playground and of the built reference, each file as gzip makes it. */
export async function pageSize(): Promise<PageSize> {
  const names = (await readdir(ASSETS)).map((name) => join('assets', name));
  const isReference = (name: string) => /^docs|reference-/.test(name);
  const sizes = await Promise.all([...PAGES, ...names].filter(isLoaded).map(async (name) => [name, await gzipBytes(name)] as const));
  const sum = (chosen: typeof sizes) => chosen.reduce((total, [, bytes]) => total + bytes, 0);
  return { pageBytes: sum(sizes.filter(([name]) => !isReference(name))), referenceBytes: sum(sizes.filter(([name]) => isReference(name))) };
}

/** The licences are loaded by who wants to read them. */
const isLoaded = (name: string): boolean => !name.endsWith('.txt');

async function gzipBytes(name: string): Promise<number> {
  const bytes = await readFile(join(PAGE_FILES, name));
  return name.endsWith('.woff2') ? bytes.length : (await promisify(gzip)(bytes)).length;
}
