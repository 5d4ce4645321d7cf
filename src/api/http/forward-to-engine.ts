import { createMiddleware } from 'hono/factory';
import { withGrant } from '../access/handed-grant.ts';
import type { AppEnv } from './app-env.ts';
import { pathInApp } from './normal-path.ts';

/**
 * Answers a request in another place than this app, where the models are.
 * @param path of the request, without that of the app in which this one is mounted
 * @throws GptEdgeError `engine_unavailable` if that place does not answer
 */
export type EngineFront = (request: Request, path: string) => Promise<Response>;

/** The paths that need a model, or know about one. */
export const ENGINE_PATHS = ['/v1/*', '/tokenize', '/detokenize'];

/** Hands requests on to the engine, with their grants. It also writes their log lines, and counts what they use. */
export const forwardToEngine = (front: EngineFront) =>
  createMiddleware<AppEnv>(async function forwardToEngine(c) {
    const request = withGrant(c.req.raw, c.var.grant);
    request.headers.set('x-request-id', c.var.requestId);
    const answer = await front(request, pathInApp(c));
    c.var.record.isForwarded = true;
    return answer;
  });
