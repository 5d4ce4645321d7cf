import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalWorker, LocalWorkerOptions } from './local-worker.ts';
import { openModelFolders } from './model-folder.ts';
import { startWithModels } from './start-with-models.ts';

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
 * Serves models from gpt-edge's own Worker in workerd, on 127.0.0.1, without a key and without any network access: for
 * the tests of a program that talks to gpt-edge. Models are put into a temporary bucket, which `stop` removes, unless
 * `persistTo` names a folder for it. The first call after a change bundles the Worker, which takes some seconds. It
 * serves gpt-edge's Worker, with the project's variables, in a project whose Worker is an app of its own, too. To test
 * that app, run it in a Miniflare of yours and call `putModels`.
 * @throws GptEdgeError `invalid_file` if a folder is not a model folder or is damaged; `invalid_value` if two models
 *   have the same id; `command_failed` if the port is in use or the Worker cannot be built
 * @example const edge = await serveModels(); const models = await fetch(new URL('/v1/models', edge.url)); await
 *   edge.stop();
 */
export async function serveModels({ models = [], persistTo, vars, ...options }: ServeOptions = {}): Promise<LocalWorker> {
  const folders = await openModelFolders(models);
  const state = persistTo ?? (await mkdtemp(join(tmpdir(), 'gpt-edge-')));
  const MODEL_IDS = folders.map(({ manifest }) => manifest.id).join(',');
  const removeState = async () => {
    if (persistTo === undefined) await rm(state, { recursive: true, force: true });
  };
  try {
    const worker = await startWithModels(folders, { ...options, persistTo: state, vars: { PUBLIC: 'true', MODEL_IDS, ...vars } });
    return { ...worker, stop: () => worker.stop().finally(removeState) };
  } catch (error) {
    await removeState();
    throw error;
  }
}
