import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, sep } from 'node:path';
import { type BuildResult, build as bundle } from 'esbuild';
import { MAX_PAGE_BYTES, pageSize } from '../src/local/page-size.ts';
import { PACKAGE, PAGE_FILES } from '../src/local/project-paths.ts';

/**
 * Builds the playground and the API reference into dist/page. Every file except the two pages has a hash of its content
 * in its name. wrangler runs this before it bundles the Worker (`[build]` in wrangler.toml), and `npm pack` runs it
 * too. It fails if the playground is larger than MAX_PAGE_BYTES.
 */
const SOURCE = join(PACKAGE, 'src', 'page');
const ASSETS = join(PAGE_FILES, 'assets');
const ENTRIES = ['main.tsx', 'playground.css', 'reference.ts', 'reference.css', 'icon.svg'];
const PAGES = ['index.html', 'docs.html'];
/** Licences of the fonts and packages in the built files, which have to be passed on with them. */
const LICENCES = [
  'src/page/fonts/LICENSE',
  'node_modules/preact/LICENSE',
  'node_modules/eventsource-parser/LICENSE',
  'node_modules/swagger-ui-dist/LICENSE',
  'node_modules/swagger-ui-dist/NOTICE',
  'node_modules/swagger-ui-dist/swagger-ui-es-bundle.js.LICENSE.txt',
];

type Bundled = BuildResult<{ metafile: true; write: false }>;
/** The content of each file to write, by its path. */
type Files = Map<string, Uint8Array>;

const bundleAssets = (): Promise<Bundled> =>
  bundle({
    absWorkingDir: PACKAGE,
    entryPoints: ENTRIES.map((name) => join(SOURCE, name)),
    outdir: ASSETS,
    publicPath: '/assets',
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    loader: { '.woff2': 'file', '.svg': 'copy' },
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
  });

/** Joins all licences into one text, whose file name holds its hash as those of the other assets do. */
async function joinLicences(): Promise<{ name: string; text: string }> {
  const texts = await Promise.all(LICENCES.map(async (path) => `${path}\n\n${await readFile(join(PACKAGE, path), 'utf8')}`));
  const text = texts.join('\n\n\n');
  return { name: `licences-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.txt`, text };
}

/** Maps a source's file name, with the extension of what is built from it, to the name of the built file. */
function assetNames({ metafile: { outputs } }: Bundled): Map<string, string> {
  const pairs = Object.entries(outputs).flatMap(([output, { entryPoint, inputs }]) => {
    const source = entryPoint ?? Object.keys(inputs)[0];
    return source === undefined ? [] : [[basename(source, extname(source)) + extname(output), basename(output)] as const];
  });
  return new Map(pairs);
}

/** The built file's name for a name in a page. */
function built(names: ReadonlyMap<string, string>, source: string): string {
  const name = names.get(source);
  if (name === undefined) throw new Error(`The page refers to ${source}, which is not built.`);
  return name;
}

async function makeFiles(): Promise<Files> {
  const bundled = await bundleAssets();
  const licences = await joinLicences();
  const names = assetNames(bundled).set('licences.txt', licences.name);
  const files: Files = new Map(bundled.outputFiles.map(({ path, contents }) => [path, contents]));
  files.set(join(ASSETS, licences.name), Buffer.from(licences.text));
  for (const page of PAGES) {
    const html = await readFile(join(SOURCE, page), 'utf8');
    const text = html.replaceAll(/\/assets\/([\w.-]+)/g, (_, source) => `/assets/${built(names, source)}`);
    files.set(join(PAGE_FILES, page), Buffer.from(text));
  }
  return files;
}

/** Writes only what has changed, and replaces each file atomically, since a Worker may be serving the folder. */
async function writeFiles(files: Files): Promise<void> {
  await mkdir(ASSETS, { recursive: true });
  for (const [path, bytes] of files) {
    if (
      await readFile(path).then(
        (old) => old.equals(bytes),
        () => false,
      )
    )
      continue;
    const partial = join(dirname(PAGE_FILES), `${basename(path)}.${process.pid}`);
    await writeFile(partial, bytes);
    await rename(partial, path);
  }
  const kept = [...files.keys()];
  for (const name of await readdir(PAGE_FILES, { recursive: true })) {
    const path = join(PAGE_FILES, name);
    if (!kept.some((file) => file === path || file.startsWith(path + sep))) await rm(path, { recursive: true, force: true });
  }
}

await writeFiles(await makeFiles());
const { pageBytes } = await pageSize();
if (pageBytes > MAX_PAGE_BYTES) throw new Error(`The page has ${pageBytes} bytes with gzip, more than ${MAX_PAGE_BYTES}.`);
