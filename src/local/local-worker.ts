import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { GptEdgeError } from '../core/errors.ts';
import { localModels } from './bucket/local-bucket.ts';
import type { ModelBucket } from './bucket/model-bucket.ts';
import { type BundleOptions, buildWorker, bundleEntry, bundleFolder, isBuilt } from './build-worker.ts';
import { LOCAL_STATE, WRANGLER_CONFIG } from './project-paths.ts';

export interface LocalWorkerOptions extends BundleOptions {
  /** @default any free port */
  port?: number;
  /** Variables beside and before those of wrangler.toml. */
  vars?: Record<string, string>;
  /** Let the Worker write its line for each request to standard output, if its variables want one. @default false */
  logRequests?: boolean;
  /** Folder of the local bucket, as wrangler's `--persist-to`. @default .wrangler/state */
  persistTo?: string;
  /** Serves Chrome's DevTools protocol for the Worker at this port. @default not at all */
  inspectorPort?: number;
}

/** The Worker in workerd, with the bindings of wrangler.toml on local storage. */
export interface LocalWorker {
  url: URL;
  /** The bucket behind the binding MODELS. */
  models: ModelBucket;
  stop(): Promise<void>;
}

/**
 * Starts the bundled Worker, after building it if a source has changed.
 * @throws GptEdgeError `command_failed` where the port is in use or the build fails
 */
export async function startLocalWorker(options: LocalWorkerOptions = {}): Promise<LocalWorker> {
  const { port = 0, persistTo = LOCAL_STATE, inspectorPort } = options;
  await checkPort(port);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...(await localWorkerOptions(options)),
      host: '127.0.0.1',
      port,
      inspectorPort,
      resourcePersistencePath: join(persistTo, 'v3'),
      log: new Log(LogLevel.WARN),
      cf: false,
    }),
  );
  const url = await miniflare.ready;
  return { url, models: await localModels(miniflare, persistTo), stop: () => miniflare.dispose() };
}

/**
 * The bundled Worker with the bindings of wrangler.toml, as one of the Workers of a Miniflare of one's own: for
 * `convertV4MiniflareOptions`. Built first if a source has changed.
 * @throws GptEdgeError `command_failed` where that fails
 */
export async function localWorkerOptions(
  options: Pick<LocalWorkerOptions, 'vars' | 'logRequests' | 'edgeOnly'> = {},
): Promise<V4WorkerOptions> {
  const { vars = {}, logRequests = false } = options;
  if (!(await isBuilt(options))) await buildWorker(options);
  const { modulesRules: _rules, bindings, ...configured } = workerOptionsOf(WRANGLER_CONFIG).workerOptions;
  return {
    ...configured,
    name: 'gpt-edge',
    bindings: { ...(bindings as Record<string, string>), ...(logRequests ? {} : { LOG_REQUESTS: 'false' }), ...vars },
    modules: await bundledModules(options),
    rootPath: bundleFolder(options),
  };
}

/** The bundle's entry first, as Miniflare wants it, then the compiled WebAssembly beside it. */
async function bundledModules(options: BundleOptions) {
  const folder = bundleFolder(options);
  const wasm = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  return [
    { type: 'ESModule' as const, path: await bundleEntry(options) },
    ...wasm.map((name) => ({ type: 'CompiledWasm' as const, path: join(folder, name) })),
  ];
}

/** workerd's own word for a port in use is a page long; ask first. */
async function checkPort(port: number): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) =>
      reject(
        new GptEdgeError('command_failed', `Port ${port} cannot be used: ${(cause as Error).message}. Choose another with --port.`, {
          cause,
        }),
      ),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}
