/** gpt-edge on one's own machine, from Node: for the tests of a program that talks to it. Needs wrangler and miniflare. */

export { putModels } from '../local/bucket/put-models.ts';
export { type LocalWorker, type LocalWorkerOptions, localWorkerOptions } from '../local/local-worker.ts';
export { DEFAULT_MODEL } from '../local/project-paths.ts';
export { type ServeOptions, serveModels } from '../local/serve-models.ts';
