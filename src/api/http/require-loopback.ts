import { createMiddleware } from 'hono/factory';
import { GptEdgeError } from '../../core/errors.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Lets requests through that come to this machine alone: Cloudflare serves no such name. */
export const requireLoopback = createMiddleware(async function requireLoopback(c, next) {
  if (!LOOPBACK.has(new URL(c.req.url).hostname))
    throw new GptEdgeError('unauthorized', 'The state of the engine is told on the machine alone on which it runs.');
  await next();
});
