import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { GptEdgeError } from '../model/errors.ts';
import { PAGE_FILES, PROJECT, WORKER_BUNDLE, WRANGLER_CONFIG } from './project-paths.ts';
import { runWrangler } from './run-wrangler.ts';

/** The platform takes 64 MiB; onnxruntime-web has 13.6 of these 16, so that anything large that slips in is noticed. */
const MAX_BUNDLE_BYTES = 16 * 2 ** 20;

export interface BundleSize {
  rawBytes: number;
  gzipBytes: number;
}

/**
 * Bundles the Worker as a deployment does, into dist/worker, after the page, which wrangler.toml has built first.
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

/** Whether dist/worker was built after the last change of a source. */
export async function isBuilt(): Promise<boolean> {
  const built = await stat(join(WORKER_BUNDLE, 'worker.js')).catch(() => null);
  if (built === null || !existsSync(join(PAGE_FILES, 'index.html'))) return false;
  const sources = await readdir(join(PROJECT, 'src'), { recursive: true, withFileTypes: true });
  const files = sources.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const times = await Promise.all(
    [...files, WRANGLER_CONFIG, join(PROJECT, 'package.json'), join(PROJECT, 'package-lock.json')].map(
      async (path) => (await stat(path)).mtimeMs,
    ),
  );
  return Math.max(...times) < built.mtimeMs;
}

async function bundleSize(): Promise<BundleSize> {
  const names = (await readdir(WORKER_BUNDLE)).filter((name) => /\.(js|wasm)$/.test(name));
  const modules = await Promise.all(names.map((name) => readFile(join(WORKER_BUNDLE, name))));
  const zipped = await Promise.all(modules.map((bytes) => promisify(gzip)(bytes)));
  const sum = (buffers: Buffer[]) => buffers.reduce((total, { length }) => total + length, 0);
  return { rawBytes: sum(modules), gzipBytes: sum(zipped) };
}
