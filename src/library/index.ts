/** gpt-edge as a library: the routes, and the models that they serve from a bucket. */
export { type AppOptions, createApp } from '../api/create-app.ts';
export type { LoadState, ModelDescription, ModelHost } from '../api/model-host.ts';
export type { RequestLine } from '../api/request-line.ts';
export type { LanguageModel } from '../generation/language-model.ts';
export { ERROR_CODES, type ErrorCode, GptEdgeError } from '../model/errors.ts';
export type { Manifest } from '../model/manifest.ts';
export { IsolateModels, type IsolateModelsOptions } from '../worker/isolate-models.ts';
export { modelsFromEnv } from '../worker/models-from-env.ts';
export type { WorkerEnv } from '../worker/worker-env.ts';
