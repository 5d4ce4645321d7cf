import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { V4WorkerOptions } from 'miniflare';
import { GptEdgeError } from '../core/errors.ts';
import type { ModelBucket } from './bucket/bucket.ts';
import { localBucket } from './bucket/local-bucket.ts';
import { type BundleOptions, bundleEntry, bundleFolder, ensureBuilt } from './build-worker.ts';
import { miniflare as loadMiniflare } from './load-tools.ts';
import { LOCAL_STATE, OWN_PROJECT } from './project-paths.ts';
import { ownWorkerConfig, type WorkerConfig, workerConfig } from './worker-config.ts';
import { wrongVariables } from './wrong-variables.ts';

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

/** Nobody but this machine reaches a local Worker, so its callers are not counted unless its variables say so. */
const UNCOUNTED = { PUBLIC_LIMITS: 'off' };

/** Which Worker runs, and who is told what takes its time. */
export interface WorkerChoice {
  /** The folder of the project whose Worker it is. @default the one of gpt-edge's own Worker */
  project?: string;
  /** Called before the Worker is bundled. */
  onBuild?: () => void;
}

/**
 * Starts a bundled Worker in workerd, and builds it first if a source has changed.
 * @throws GptEdgeError `command_failed` if the port is in use, a variable has a value that the Worker would refuse, or
 *   the build fails
 */
export async function startLocalWorker(options: LocalWorkerOptions & WorkerChoice = {}): Promise<LocalWorker> {
  const { port = 0, persistTo = LOCAL_STATE, inspectorPort } = options;
  await checkPort(port);
  const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = loadMiniflare();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...(await bundledWorkerOptions(options)),
      host: '127.0.0.1',
      port,
      inspectorPort,
      resourcePersistencePath: join(persistTo, 'v3'),
      log: new Log(LogLevel.WARN),
      cf: false,
    }),
  );
  try {
    const url = await miniflare.ready;
    return { url, models: await localBucket(miniflare, persistTo), stop: () => miniflare.dispose() };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

/**
 * Describes gpt-edge's own Worker, under the name `gpt-edge` and with the variables and the bucket of wrangler.toml, as
 * one of the Workers of your own Miniflare; the result goes to Miniflare's `convertV4MiniflareOptions`. It is
 * gpt-edge's Worker in a project whose Worker is an app of its own, too. It is built first if a source has changed.
 * @throws GptEdgeError `command_failed` if a variable has a value that the Worker would refuse, or the build fails
 * @example const edge = await localWorkerOptions({ vars: { PUBLIC: 'true' } }); const mine = { name: 'mine', modules:
 *   true, script, serviceBindings: { GPT_EDGE: 'gpt-edge' } }; const miniflare = new
 *   Miniflare(convertV4MiniflareOptions({ workers: [mine, edge] })); await putModels(miniflare);
 */
export function localWorkerOptions(options: Pick<LocalWorkerOptions, 'vars' | 'logRequests' | 'edgeOnly'> = {}): Promise<V4WorkerOptions> {
  return bundledWorkerOptions(options);
}

async function bundledWorkerOptions(
  options: Pick<LocalWorkerOptions, 'vars' | 'logRequests' | 'edgeOnly'> & WorkerChoice,
): Promise<V4WorkerOptions> {
  const { project = OWN_PROJECT, onBuild } = options;
  await ensureBuilt(options, project, onBuild);
  const configured = await checkedConfig(options);
  const folder = bundleFolder(options, project);
  return {
    ...configured,
    name: 'gpt-edge',
    modules: await bundledModules(folder),
    rootPath: folder,
  };
}

/**
 * A Worker's configuration with its variables.
 * @throws GptEdgeError `command_failed` for a variable with a value at which the Worker would answer no request
 */
export async function checkedConfig(options: Pick<LocalWorkerOptions, 'vars' | 'logRequests'> & WorkerChoice): Promise<WorkerConfig> {
  const { vars = {}, logRequests = false, project = OWN_PROJECT } = options;
  const config = await (project === OWN_PROJECT ? ownWorkerConfig() : workerConfig(project));
  const bindings = { ...config.bindings, ...UNCOUNTED, ...(logRequests ? {} : { LOG_REQUESTS: 'false' }), ...vars };
  const wrong = wrongVariables(bindings);
  if (wrong.length > 0) throw new GptEdgeError('command_failed', wrong.join('\n'));
  return { ...config, bindings };
}

/** A bundle's modules: the entry first, as Miniflare requires, then the WebAssembly. */
async function bundledModules(folder: string) {
  const wasm = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  return [
    { type: 'ESModule' as const, path: await bundleEntry(folder) },
    ...wasm.map((name) => ({ type: 'CompiledWasm' as const, path: join(folder, name) })),
  ];
}

/** Fails with one line if a port is in use: workerd's own message is a page long. */
export async function checkPort(port: number): Promise<void> {
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
