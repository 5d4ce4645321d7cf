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

/**
 * Hands requests on to the engine, with what they are allowed. The engine also writes their log lines, and settles what
 * they have used; what it could not be asked for has used nothing.
 */
export const forwardToEngine = (front: EngineFront) =>
  createMiddleware<AppEnv>(async function forwardToEngine(c) {
    const { grant, record, requestId } = c.var;
    const request = withGrant(c.req.raw, grant);
    request.headers.set('x-request-id', requestId);
    try {
      const answer = await front(request, pathInApp(c));
      record.isForwarded = true;
      return answer;
    } catch (error) {
      await grant.settle({ status: 503, promptTokens: 0, completionTokens: 0, milliseconds: Date.now() - record.started });
      throw error;
    }
  });
