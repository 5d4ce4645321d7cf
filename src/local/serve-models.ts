import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pushModel } from './bucket/push-model.ts';
import { type LocalWorker, type LocalWorkerOptions, startLocalWorker } from './local-worker.ts';
import { openModelFolders } from './model-folder.ts';

/**
 * Options of {@link serveModels}.
 * @example
 * const options: ServeOptions = { models: ['./my-model'], vars: { KV_CACHE: 'q8' } };
 */
export interface ServeOptions extends LocalWorkerOptions {
  /** Paths of model folders; the first is the default model. @default the model that comes with gpt-edge */
  models?: readonly string[];
}

/**
 * Serves models from the Worker in workerd, on 127.0.0.1, without a key and without any network access: for the tests
 * of a program that talks to gpt-edge. Models are put into a temporary bucket, which `stop` removes, unless
 * `persistTo` names a folder for it. The first call after a change bundles the Worker, which takes some seconds.
 * @throws GptEdgeError `invalid_file` if a folder is not a model folder or is damaged; `invalid_value` if two models
 * have the same id; `command_failed` if the port is in use or the Worker cannot be built
 * @example
 * const edge = await serveModels();
 * const models = await fetch(new URL('/v1/models', edge.url));
 * await edge.stop();
 */
export async function serveModels({ models = [], persistTo, vars, ...options }: ServeOptions = {}): Promise<LocalWorker> {
  const folders = await openModelFolders(models);
  const state = persistTo ?? (await mkdtemp(join(tmpdir(), 'gpt-edge-')));
  const MODEL_IDS = folders.map(({ manifest }) => manifest.id).join(',');
  const worker = await startLocalWorker({ ...options, persistTo: state, vars: { PUBLIC: 'true', MODEL_IDS, ...vars } });
  const stop = async () => {
    await worker.stop();
    if (persistTo === undefined) await rm(state, { recursive: true, force: true });
  };
  try {
    for (const folder of folders) await pushModel(folder, worker.models);
    return { ...worker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
