import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pushModel } from './bucket/push-model.ts';
import { type LocalWorker, type LocalWorkerOptions, startLocalWorker } from './local-worker.ts';
import { openModelFolders } from './model-folder.ts';

export interface ServeOptions extends LocalWorkerOptions {
  /** Model folders; the first is the default model. @default the model that comes with gpt-edge */
  models?: readonly string[];
}

/**
 * Serves models from the Worker in workerd, to everyone on this machine, without any network: for the tests of a
 * program that talks to it. Its bucket lies in a folder that `stop` removes, unless `persistTo` names one.
 * @throws GptEdgeError `invalid_file` for a folder that is no model; `command_failed` as `startLocalWorker`
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
