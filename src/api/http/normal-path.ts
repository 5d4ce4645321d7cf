import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { basePath } from 'hono/route';
import type { AppEnv } from './app-env.ts';

/**
 * Answers a path with doubled slashes or one at its end as the path without them: `//v1/models/` as `/v1/models`.
 * Clients put paths together from a base URL that their users type, with a slash at its end or without. It must come
 * before all other middleware, since the app serves such a request anew.
 */
export const normalPath = (app: OpenAPIHono<AppEnv>) =>
  createMiddleware<AppEnv>(async function normalPath(c, next) {
    const path = pathInApp(c);
    const normal = `/${path.split('/').filter(Boolean).join('/')}`;
    if (path === '' || path === normal) return next();
    const url = new URL(c.req.raw.url);
    url.pathname = normal;
    return app.fetch(new Request(url, c.req.raw), c.env, contextOf(c));
  });

/** The path, still percent-encoded, without that of the app in which this one is mounted. */
export function pathInApp(c: Context): string {
  const { pathname } = new URL(c.req.raw.url);
  const base = basePath(c).replace(/\/$/, '');
  return pathname.startsWith(base) ? pathname.slice(base.length) : '';
}

/** Hono throws if the app was called without an execution context, as tests do. */
function contextOf(c: Context) {
  try {
    return c.executionCtx;
  } catch {
    return undefined;
  }
}
