/** gpt-edge on one's own machine, from Node: for the tests of a program that talks to it. Needs wrangler and miniflare. */

export { localModels } from '../cli/local-bucket.ts';
export { type LocalWorker, type LocalWorkerOptions, localWorkerOptions, startLocalWorker } from '../cli/local-worker.ts';
export type { ModelBucket } from '../cli/model-bucket.ts';
export { type ModelFolder, openModelFolder } from '../cli/model-folder.ts';
export { DEFAULT_MODEL } from '../cli/project-paths.ts';
export { pushModel } from '../cli/push-model.ts';
export { type ServeOptions, serveModels } from '../cli/serve-models.ts';
