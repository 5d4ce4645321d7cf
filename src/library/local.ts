/** gpt-edge on one's own machine, from Node: for the tests of a program that talks to it. Needs wrangler and miniflare. */
export { type LocalWorker, type LocalWorkerOptions, localWorkerOptions } from '../cli/local-worker.ts';
export { DEFAULT_MODEL } from '../cli/project-paths.ts';
export { putModels } from '../cli/put-models.ts';
export { type ServeOptions, serveModels } from '../cli/serve-models.ts';
