import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { GptEdgeError } from '../core/errors.ts';
import { withFileLock } from './file-lock.ts';
import { IS_CHECKOUT, PACKAGE, PAGE_FILES, PROJECT } from './project-paths.ts';
import { runWrangler } from './run-wrangler.ts';

/**
 * Largest size of the Worker's bundle. The platform allows 64 MiB; onnxruntime-web takes 13.6 of these 17, so a large
 * module that slips in is noticed.
 */
export const MAX_BUNDLE_BYTES = 17 * 2 ** 20;
/** Largest size, compressed, of a bundle without onnxruntime-web. More would take longer than 100 ms to start. */
export const MAX_EDGE_ONLY_GZIP_BYTES = 1e6;

/** The specifiers that onnxruntime-web is imported by: its JavaScript and its WebAssembly. */
const ONNXRUNTIME = ['onnxruntime-web/wasm', 'onnxruntime-web/ort-wasm-simd-threaded.wasm'];

/** The file of a bundle that says what it was made of. */
const INPUTS = 'inputs.json';

export interface BundleOptions {
  /** Leaves onnxruntime-web out of the bundle. @default false */
  edgeOnly?: boolean;
}

/** Sizes of all modules together. */
export interface BundleSize {
  rawBytes: number;
  gzipBytes: number;
}

/**
 * Bundles a project's Worker as a deployment does, into its {@link bundleFolder}. In a checkout, wrangler builds the
 * page first, as wrangler.toml says. A bundle is replaced as a whole, when the new one is complete.
 * @throws GptEdgeError `command_failed` if wrangler fails, or if the bundle is larger than {@link MAX_BUNDLE_BYTES},
 * or without onnxruntime-web larger than {@link MAX_EDGE_ONLY_GZIP_BYTES}
 */
export function buildWorker(options: BundleOptions = {}, project = PROJECT): Promise<BundleSize> {
  return withFileLock(lockPath(project), () => bundle(options, project));
}

/**
 * Bundles a project's Worker if it has changed since the last time. Of several processes that find so, one does it.
 * @param onBuild called before it is bundled, because that takes some seconds
 * @throws GptEdgeError as {@link buildWorker}
 */
export async function ensureBuilt(options: BundleOptions, project: string, onBuild: () => void = () => {}): Promise<void> {
  if (await isBuilt(options, project)) return;
  onBuild();
  await withFileLock(lockPath(project), async () => {
    if (!(await isBuilt(options, project))) await bundle(options, project);
  });
}

const lockPath = (project: string): string => join(project, 'dist', 'build.lock');

async function bundle({ edgeOnly = false }: BundleOptions, project: string): Promise<BundleSize> {
  const folder = bundleFolder({ edgeOnly }, project);
  const [partial, old] = [`${folder}.partial`, `${folder}.old`];
  await rm(partial, { recursive: true, force: true });
  await runWrangler(['deploy', '--dry-run', '--outdir', partial, ...(edgeOnly ? edgeOnlyArguments() : [])], project);
  const size = await bundleSize(partial);
  if (size.rawBytes > MAX_BUNDLE_BYTES)
    throw new GptEdgeError('command_failed', `The Worker bundle has ${size.rawBytes} bytes, more than ${MAX_BUNDLE_BYTES}.`);
  if (edgeOnly && size.gzipBytes > MAX_EDGE_ONLY_GZIP_BYTES)
    throw new GptEdgeError('command_failed', `The bundle has ${size.gzipBytes} bytes gzip, more than ${MAX_EDGE_ONLY_GZIP_BYTES}.`);
  await writeFile(join(partial, INPUTS), JSON.stringify(await fileStates(await inputFiles(partial, project))));
  await rm(old, { recursive: true, force: true });
  await rename(folder, old).catch(() => {});
  await rename(partial, folder);
  await rm(old, { recursive: true, force: true });
  return size;
}

/** Arguments that make wrangler leave onnxruntime-web out. */
export function edgeOnlyArguments(): string[] {
  const absent = join(PACKAGE, IS_CHECKOUT ? 'src/runtime/ort/absent.ts' : 'dist/lib/runtime/ort/absent.js');
  return ONNXRUNTIME.flatMap((name) => ['--alias', `${name}:${absent}`]);
}

/** The folder of a project's bundle. A bundle with the edge engine alone has a folder of its own. */
export function bundleFolder({ edgeOnly = false }: BundleOptions = {}, project = PROJECT): string {
  return join(project, 'dist', edgeOnly ? 'worker-edge-only' : 'worker');
}

/** Path of the bundle's JavaScript. wrangler writes one such file, and names it after the entry in wrangler.toml. */
export async function bundleEntry(folder: string): Promise<string> {
  const name = (await readdir(folder).catch(() => [])).find((file) => file.endsWith('.js'));
  return join(folder, name ?? 'worker.js');
}

/** The sources in a bundle, by their paths, as its source map has them. */
export async function bundledSources(folder: string): Promise<Map<string, string>> {
  const map = JSON.parse(await readFile(`${await bundleEntry(folder)}.map`, 'utf8')) as { sources: string[]; sourcesContent: string[] };
  return new Map(map.sources.map((source, index) => [resolve(folder, source), map.sourcesContent[index]]));
}

/** Whether the bundle is there, and everything that it was made of is as it was. */
async function isBuilt(options: BundleOptions, project: string): Promise<boolean> {
  const text = await readFile(join(bundleFolder(options, project), INPUTS), 'utf8').catch(() => null);
  if (text === null || !existsSync(join(PAGE_FILES, 'index.html'))) return false;
  const known = JSON.parse(text) as FileState[];
  // The files are listed anew, because one that has been added may take another's place.
  const added = await projectFiles(project);
  const states = await fileStates([...new Set([...known.map(([path]) => path), ...added])].sort());
  return JSON.stringify(states) === JSON.stringify(known);
}

/** A file's path, size and time of change; null if it is missing. */
type FileState = [path: string, bytes: number | null, mtimeMs: number | null];

function fileStates(paths: readonly string[]): Promise<FileState[]> {
  const state = async (path: string): Promise<FileState> => {
    const info = await stat(path).catch(() => null);
    return [path, info?.size ?? null, info?.mtimeMs ?? null];
  };
  return Promise.all(paths.map(state));
}

async function inputFiles(folder: string, project: string): Promise<string[]> {
  return [...new Set([...(await bundledSources(folder)).keys(), ...(await projectFiles(project))])].sort();
}

/**
 * What a source map does not name: configuration, and the sources of page and kernels, or those of a project. It is not
 * the kernels themselves, since `npm pack` compiles them again, to the same bytes.
 */
async function projectFiles(project: string): Promise<string[]> {
  const configuration = ['wrangler.toml', 'package.json', 'package-lock.json', 'tsconfig.json'].map((name) => join(project, name));
  const sources = project === PACKAGE ? ['page', 'kernels'].map((name) => join(PACKAGE, 'src', name)) : [join(project, 'src')];
  return [...configuration, ...(await Promise.all(sources.map(filesBelow))).flat()];
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function bundleSize(folder: string): Promise<BundleSize> {
  const names = (await readdir(folder)).filter((name) => /\.(js|wasm)$/.test(name));
  const modules = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const zipped = await Promise.all(modules.map((bytes) => promisify(gzip)(bytes)));
  const sum = (buffers: Buffer[]) => buffers.reduce((total, { length }) => total + length, 0);
  return { rawBytes: sum(modules), gzipBytes: sum(zipped) };
}
