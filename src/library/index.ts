/** gpt-edge as a library: the routes, and the models that they serve from a bucket. */
export { type AppOptions, createApp } from '../api/app.ts';
export type { LoadState, ModelDescription, ModelHost } from '../api/model-host.ts';
export type { RequestLine } from '../api/request-log/request-line.ts';
export { ERROR_CODES, type ErrorCode, GptEdgeError } from '../core/errors.ts';
export type { Manifest } from '../core/folder/manifest.ts';
export type { LanguageModel } from '../generation/language-model.ts';
export { IsolateModels, type IsolateModelsOptions } from '../worker/isolate-models.ts';
export { modelsFromEnv, type WorkerEnv } from '../worker/models-from-env.ts';
