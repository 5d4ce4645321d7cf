import { createMiddleware } from 'hono/factory';
import { basePath } from 'hono/route';
import { mergePath } from 'hono/utils/url';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from './app-env.ts';

/**
 * Answers 401 on every path but /health, unless the deployment is declared public. In an app that is mounted below a
 * path of another app, the exception is the /health below that path.
 */
export const requirePublic = (isPublic: boolean) =>
  createMiddleware<AppEnv>(async function requirePublic(c, next) {
    if (!isPublic && c.req.path !== mergePath(basePath(c), '/health')) {
      c.header('www-authenticate', 'Bearer');
      throw new GptEdgeError(
        'unauthorized',
        'This deployment is not public. Its owner can open it to everyone with the variable PUBLIC = "true".',
      );
    }
    await next();
  });
