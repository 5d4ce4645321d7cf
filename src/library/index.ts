/**
 * gpt-edge as a library: the HTTP API, and the models that it serves from an R2 bucket.
 * @example
 * import { createApp, modelsFromEnv } from 'gpt-edge';
 * import { Hono } from 'hono';
 *
 * let app: Hono | undefined;
 *
 * export default {
 *   fetch(request, env, context) {
 *     app ??= new Hono().route('/llm', createApp({ host: modelsFromEnv(env), isPublic: true }));
 *     return app.fetch(request, env, context);
 *   },
 * } satisfies ExportedHandler<Env>;
 * @module
 */

export { AccessObject } from '../access/access-object.ts';
export type { Grant } from '../access/grant.ts';
export { withGrant } from '../api/access/handed-grant.ts';
export { type AppOptions, createApp } from '../api/app.ts';
export type { EngineFront } from '../api/http/forward-to-engine.ts';
export type { LoadState, ModelDescription, ModelHost, ModelReadiness } from '../api/model-host.ts';
export type { RequestLine } from '../api/request-log/request-line.ts';
export { BatchObject } from '../batch/batch-object.ts';
export { ERROR_CODES, type ErrorCode, GptEdgeError } from '../core/errors.ts';
export type { Manifest } from '../core/folder/manifest.ts';
export type { ModelCard } from '../core/folder/model-card.ts';
export { EngineObject } from '../engine-object/engine-object.ts';
export { type FrontEnv, frontFromEnv } from '../engine-object/front-from-env.ts';
export type { LanguageModel } from '../generation/language-model.ts';
export { type AccessBindings, type AccessParts, accessFromEnv, handedAccessFromEnv } from '../worker/access-from-env.ts';
export { IsolateModels, type IsolateModelsOptions } from '../worker/isolate-models.ts';
export { modelsFromEnv, type WorkerEnv } from '../worker/models-from-env.ts';
