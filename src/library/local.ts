/**
 * gpt-edge on your own machine, from Node: for the tests of a program that talks to it. It needs the packages wrangler
 * and miniflare, and no network.
 * @example
 * import { serveModels } from 'gpt-edge/local';
 *
 * const edge = await serveModels(); // the model that comes with gpt-edge
 * const models = await fetch(new URL('/v1/models', edge.url));
 * await edge.stop();
 * @module
 */

export { putModels } from '../local/bucket/put-models.ts';
export { type LocalWorker, type LocalWorkerOptions, localWorkerOptions } from '../local/local-worker.ts';
export { DEFAULT_MODEL } from '../local/project-paths.ts';
export { type ServeOptions, serveModels } from '../local/serve-models.ts';
export { type WorkersAiWorkerOptions, workersAiOptions } from '../local/workers-ai-options.ts';
