import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { GptEdgeError } from '../core/errors.ts';
import type { ModelBucket } from './bucket/bucket.ts';
import { localBucket } from './bucket/local-bucket.ts';
import { type BundleOptions, buildWorker, bundleEntry, bundleFolder, isBuilt } from './build-worker.ts';
import { LOCAL_STATE, WRANGLER_CONFIG } from './project-paths.ts';

/** How the Worker runs on this machine. */
export interface LocalWorkerOptions extends BundleOptions {
  /** The port to listen on, at 127.0.0.1; 0 is any free port. @default 0 */
  port?: number;
  /** Variables of the Worker, such as `ENGINE`. They are added to those in wrangler.toml, and override them. */
  vars?: Record<string, string>;
  /**
   * Lets the Worker write a line for each request to standard output, unless its variables say otherwise.
   * @default false
   */
  logRequests?: boolean;
  /** Folder in which the local bucket is kept, like wrangler's `--persist-to`. @default .wrangler/state */
  persistTo?: string;
  /** Port at which the Worker is served to debuggers, over Chrome's DevTools protocol. @default none */
  inspectorPort?: number;
}

/** A Worker that runs in workerd, with the bindings of wrangler.toml on local storage. */
export interface LocalWorker {
  /** Where it answers, such as http://127.0.0.1:8787/. */
  url: URL;
  /** The bucket of the binding MODELS. */
  models: ModelBucket;
  /** Stops the Worker, and workerd with it. */
  stop(): Promise<void>;
}

/**
 * Starts the bundled Worker in workerd, and builds it first if a source has changed.
 * @throws GptEdgeError `command_failed` if the port is in use or the build fails
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
  return { url, models: await localBucket(miniflare, persistTo), stop: () => miniflare.dispose() };
}

/**
 * Describes the bundled Worker, under the name `gpt-edge` and with the bindings of wrangler.toml, as one of the
 * Workers of your own Miniflare; the result goes to Miniflare's `convertV4MiniflareOptions`. The Worker is built
 * first if a source has changed.
 * @throws GptEdgeError `command_failed` if the build fails
 * @example
 * const edge = await localWorkerOptions({ vars: { PUBLIC: 'true' } });
 * const mine = { name: 'mine', modules: true, script, serviceBindings: { GPT_EDGE: 'gpt-edge' } };
 * const miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [mine, edge] }));
 * await putModels(miniflare);
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

/** The bundle's modules: the entry first, as Miniflare requires, then the WebAssembly. */
async function bundledModules(options: BundleOptions) {
  const folder = bundleFolder(options);
  const wasm = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  return [
    { type: 'ESModule' as const, path: await bundleEntry(options) },
    ...wasm.map((name) => ({ type: 'CompiledWasm' as const, path: join(folder, name) })),
  ];
}

/** Fails with one line if a port is in use: workerd's own message is a page long. */
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
