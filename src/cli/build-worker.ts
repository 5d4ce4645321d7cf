import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { GptEdgeError } from '../model/errors.ts';
import { IS_CHECKOUT, PACKAGE, PROJECT, WORKER_BUNDLE, WRANGLER_CONFIG } from './project-paths.ts';
import { runWrangler } from './run-wrangler.ts';

/** The platform takes 64 MiB; onnxruntime-web has 13.6 of these 16, so that anything large that slips in is noticed. */
const MAX_BUNDLE_BYTES = 16 * 2 ** 20;

export interface BundleSize {
  rawBytes: number;
  gzipBytes: number;
}

/**
 * Bundles the Worker as a deployment does, into dist/worker.
 * @throws GptEdgeError `command_failed` where that fails or the bundle is larger than 16 MiB
 */
export async function buildWorker(): Promise<BundleSize> {
  await rm(WORKER_BUNDLE, { recursive: true, force: true });
  await runWrangler(['deploy', '--dry-run', '--outdir', WORKER_BUNDLE]);
  const size = await bundleSize();
  if (size.rawBytes > MAX_BUNDLE_BYTES)
    throw new GptEdgeError('command_failed', `The Worker bundle has ${size.rawBytes} bytes, more than ${MAX_BUNDLE_BYTES}.`);
  return size;
}

/** The bundle's module: wrangler names it after the entry that wrangler.toml names, and writes no other. */
export async function bundleEntry(): Promise<string> {
  const name = (await readdir(WORKER_BUNDLE).catch(() => [])).find((file) => file.endsWith('.js'));
  return join(WORKER_BUNDLE, name ?? 'worker.js');
}

/** Whether dist/worker was built after the last change of a source, of a project's own or of gpt-edge's. */
export async function isBuilt(): Promise<boolean> {
  const built = await stat(await bundleEntry()).catch(() => null);
  if (built === null) return false;
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

async function bundleSize(): Promise<BundleSize> {
  const names = (await readdir(WORKER_BUNDLE)).filter((name) => /\.(js|wasm)$/.test(name));
  const modules = await Promise.all(names.map((name) => readFile(join(WORKER_BUNDLE, name))));
  const zipped = await Promise.all(modules.map((bytes) => promisify(gzip)(bytes)));
  const sum = (buffers: Buffer[]) => buffers.reduce((total, { length }) => total + length, 0);
  return { rawBytes: sum(modules), gzipBytes: sum(zipped) };
}
