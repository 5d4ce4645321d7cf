import { createMiddleware } from 'hono/factory';
import { GptEdgeError } from '../../model/errors.ts';
import type { AppEnv } from '../app-env.ts';

/** Answers 401 on every path but /health, unless the deployment is declared public. */
export const requirePublic = (isPublic: boolean) =>
  createMiddleware<AppEnv>(async function requirePublic(c, next) {
    if (!isPublic && c.req.path !== '/health') {
      c.header('www-authenticate', 'Bearer');
      throw new GptEdgeError(
        'unauthorized',
        'This deployment is not public. Its owner can open it to everyone with the variable PUBLIC = "true".',
      );
    }
    await next();
  });
