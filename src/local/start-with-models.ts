import type { ModelBucket } from './bucket/bucket.ts';
import { withLockedBucket, withStateLock } from './bucket/local-bucket.ts';
import { pushModel } from './bucket/push-model.ts';
import { ensureBuilt } from './build-worker.ts';
import {
  checkedConfig,
  checkPort,
  type LocalWorker,
  type LocalWorkerOptions,
  startLocalWorker,
  type WorkerChoice,
} from './local-worker.ts';
import type { ModelFolder } from './model-folder.ts';
import { LOCAL_STATE, OWN_PROJECT } from './project-paths.ts';

export interface StartOptions extends LocalWorkerOptions, WorkerChoice {
  /** Pushes one folder. @default without showing progress */
  push?: (folder: ModelFolder, models: ModelBucket) => Promise<unknown>;
}

/**
 * Starts a Worker that finds its models in the bucket from the first request on: it listens on a port that others know
 * only when all folders are pushed, so that nobody is answered by half of them. No other process writes into the bucket
 * meanwhile.
 * @throws GptEdgeError as `startLocalWorker` and `pushModel`
 */
export async function startWithModels(folders: readonly ModelFolder[], options: StartOptions): Promise<LocalWorker> {
  const { port = 0, persistTo = LOCAL_STATE, push = (folder, models) => pushModel(folder, models), project = OWN_PROJECT } = options;
  const pushAll = async (models: ModelBucket) => {
    for (const folder of folders) await push(folder, models);
  };
  // What fails, fails before anything is pushed.
  await checkPort(port);
  await checkedConfig(options);
  await ensureBuilt(options, project, options.onBuild);
  return withStateLock(persistTo, async () => {
    if (port !== 0) await withLockedBucket(persistTo, pushAll);
    const worker = await startLocalWorker(options);
    try {
      // Nobody knows a free port before this function returns it, and so the Worker can push for itself, which is
      // faster.
      if (port === 0) await pushAll(worker.models);
      return worker;
    } catch (error) {
      await worker.stop();
      throw error;
    }
  });
}
