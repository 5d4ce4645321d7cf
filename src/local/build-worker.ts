import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { GptEdgeError } from '../core/errors.ts';
import { IS_CHECKOUT, PACKAGE, PAGE_FILES, PROJECT, WORKER_BUNDLE, WRANGLER_CONFIG } from './project-paths.ts';
import { runWrangler } from './run-wrangler.ts';

/**
 * Largest size of the Worker's bundle. The platform allows 64 MiB; onnxruntime-web takes 13.6 of these 16, so a large
 * module that slips in is noticed.
 */
export const MAX_BUNDLE_BYTES = 16 * 2 ** 20;
/** Largest size, compressed, of a bundle without onnxruntime-web. More would take longer than 100 ms to start. */
export const MAX_EDGE_ONLY_GZIP_BYTES = 1e6;

/** The specifiers that onnxruntime-web is imported by: its JavaScript and its WebAssembly. */
const ONNXRUNTIME = ['onnxruntime-web/wasm', 'onnxruntime-web/ort-wasm-simd-threaded.wasm'];

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
 * Bundles the Worker as a deployment does, into its {@link bundleFolder}. In a checkout, wrangler builds the page
 * first, as wrangler.toml says.
 * @throws GptEdgeError `command_failed` if wrangler fails, or if the bundle is larger than {@link MAX_BUNDLE_BYTES},
 * or without onnxruntime-web larger than {@link MAX_EDGE_ONLY_GZIP_BYTES}
 */
export async function buildWorker({ edgeOnly = false }: BundleOptions = {}): Promise<BundleSize> {
  const folder = bundleFolder({ edgeOnly });
  await rm(folder, { recursive: true, force: true });
  await runWrangler(['deploy', '--dry-run', '--outdir', folder, ...(edgeOnly ? edgeOnlyArguments() : [])]);
  const size = await bundleSize(folder);
  if (size.rawBytes > MAX_BUNDLE_BYTES)
    throw new GptEdgeError('command_failed', `The Worker bundle has ${size.rawBytes} bytes, more than ${MAX_BUNDLE_BYTES}.`);
  if (edgeOnly && size.gzipBytes > MAX_EDGE_ONLY_GZIP_BYTES)
    throw new GptEdgeError('command_failed', `The bundle has ${size.gzipBytes} bytes gzip, more than ${MAX_EDGE_ONLY_GZIP_BYTES}.`);
  return size;
}

/** Arguments that make wrangler leave onnxruntime-web out. */
export function edgeOnlyArguments(): string[] {
  const absent = join(PACKAGE, IS_CHECKOUT ? 'src/runtime/ort/absent.ts' : 'dist/lib/runtime/ort/absent.js');
  return ONNXRUNTIME.flatMap((name) => ['--alias', `${name}:${absent}`]);
}

/** The folder of the bundle. A bundle with the edge engine alone has a folder of its own. */
export function bundleFolder({ edgeOnly = false }: BundleOptions = {}): string {
  return edgeOnly ? `${WORKER_BUNDLE}-edge-only` : WORKER_BUNDLE;
}

/** Path of the bundle's JavaScript. wrangler writes one such file, and names it after the entry in wrangler.toml. */
export async function bundleEntry(options: BundleOptions = {}): Promise<string> {
  const folder = bundleFolder(options);
  const name = (await readdir(folder).catch(() => [])).find((file) => file.endsWith('.js'));
  return join(folder, name ?? 'worker.js');
}

/** Whether the bundle is newer than all sources that it is made of, the project's and gpt-edge's. */
export async function isBuilt(options: BundleOptions = {}): Promise<boolean> {
  const built = await stat(await bundleEntry(options)).catch(() => null);
  if (built === null || !existsSync(join(PAGE_FILES, 'index.html'))) return false;
  const folders = [join(PROJECT, 'src'), ...(PROJECT === PACKAGE ? [] : [join(PACKAGE, IS_CHECKOUT ? 'src' : 'dist/lib')])];
  const files = (await Promise.all(folders.map(filesBelow))).flat();
  const times = await Promise.all(
    [...files, WRANGLER_CONFIG, join(PROJECT, 'package.json'), join(PROJECT, 'package-lock.json')].map(
      async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? 0,
    ),
  );
  return Math.max(...times) < built.mtimeMs;
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
