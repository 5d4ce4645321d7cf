import type { Hono } from 'hono';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from './app-env.ts';

/** Answers a known path's other methods with 405 and `Allow`. To be called after all routes. */
export function methodNotAllowed(app: Hono<AppEnv>): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) if (method !== 'ALL') methods.set(path, (methods.get(path) ?? new Set()).add(method));
  for (const [path, known] of methods) {
    const allow = [...known, ...(known.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    app.all(path, (c) => {
      c.header('allow', allow);
      throw new GptEdgeError('method_not_allowed', `${c.req.method} is not allowed at ${c.req.path}; ${allow} are.`);
    });
  }
}
