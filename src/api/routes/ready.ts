import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { OPEN_GRANT, OPERATOR_GRANT } from '../../access/grant.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { withGrant } from '../access/handed-grant.ts';
import type { AppEnv } from '../http/app-env.ts';
import { errorBody, handleError } from '../http/errors.ts';
import type { EngineFront } from '../http/forward-to-engine.ts';
import type { ModelHost, ModelReadiness } from '../model-host.ts';
import { errorResponses, jsonContent } from '../openai/schemas/bodies.ts';
import type { WireModel } from '../openai/schemas/model-schema.ts';
import { READY_PATH, readySchema, type WireModelState, type WireReady } from '../openai/schemas/ready-schema.ts';

/** Milliseconds for which an answer counts, however often it is asked for: each costs some reads of R2. */
const KEPT_MS = 5000;
/** Milliseconds that an engine object has to tell of its model. */
const PATIENCE_MS = 10_000;

const route = createRoute({
  method: 'get',
  path: READY_PATH,
  tags: ['Service'],
  summary: 'Whether all models can be served',
  responses: {
    200: { description: 'They can.', content: jsonContent(readySchema) },
    503: { description: 'One of them cannot.', content: jsonContent(readySchema) },
    ...errorResponses(405, 500),
  },
});

/** @param engine asked for the state of each model in its object, if the engine runs in objects */
export function readyRoute(app: OpenAPIHono<AppEnv>, engine?: EngineFront): void {
  let known: { models: WireModelState[]; at: number } | undefined;
  const statesNow = async (c: Context<AppEnv>): Promise<WireModelState[]> => {
    if (known && Date.now() - known.at < KEPT_MS) return known.models;
    // Others go on with what is known, while this request asks.
    if (known) known.at = Date.now();
    const models = await Promise.all(c.var.host.ids.map((id) => stateOf(id, c, engine)));
    known = { models, at: Date.now() };
    return models;
  };
  app.openapi(route, async (c) => {
    const models = await statesNow(c);
    const isReady = models.every(({ state }) => state !== 'failed');
    const body: WireReady = { status: isReady ? 'ready' : 'not_ready', models: c.var.grant === OPERATOR_GRANT ? models : undefined };
    return c.json(body, isReady ? 200 : 503);
  });
}

async function stateOf(id: string, c: Context<AppEnv>, engine: EngineFront | undefined): Promise<WireModelState> {
  const { state, version, failure } = await readiness(c.var.host, id);
  if (state === 'failed') return { id, state, version, error: errorBody(handleError(failure, c.var.record)).error };
  return { id, state, version, ...(engine ? await stateInObject(id, c, engine) : {}) };
}

async function readiness(host: ModelHost, id: string): Promise<ModelReadiness> {
  if (host.readiness) return host.readiness(id);
  try {
    const { version, load, failure } = await host.describe(id);
    return failure === undefined
      ? { state: load.state === 'cold' ? 'loadable' : load.state, version }
      : { state: 'failed', version, failure };
  } catch (failure) {
    return { state: 'failed', version: null, failure };
  }
}

/** What the object of a model knows better than the Worker in front: whether it is loaded, and why it could not be. */
async function stateInObject(id: string, c: Context<AppEnv>, engine: EngineFront): Promise<Partial<WireModelState>> {
  const path = `/v1/models/${encodeURIComponent(id)}`;
  const { headers, cf } = withGrant(c.req.raw, OPEN_GRANT);
  headers.set('x-request-id', c.var.requestId);
  const init = { headers, cf, signal: AbortSignal.timeout(PATIENCE_MS) } as RequestInit;
  try {
    const answer = await engine(new Request(new URL(path, c.req.url), init), path);
    const { load, error } = (await answer.json()) as Partial<WireModel>;
    if (error) return { state: 'failed', error };
    return load === undefined || load.state === 'cold' ? {} : { state: load.state };
  } catch (cause) {
    const error = new GptEdgeError('engine_unavailable', `The engine object of ${id} does not answer.`, { cause });
    return { state: 'failed', error: errorBody(handleError(error, c.var.record)).error };
  }
}
