import { createMiddleware } from 'hono/factory';
import { VERSION_HEADER } from '../http/answer-headers.ts';
import type { AppEnv } from '../http/app-env.ts';

/** Which pages may read the answers, besides those of the key that they send: all, or those of these origins. */
export type CorsOrigins = '*' | readonly string[];

const METHODS = 'GET, HEAD, POST, DELETE';
/** Seconds for which a browser need not ask again. */
const MAX_AGE = '600';
/** Headers that scripts may read. */
const EXPOSED = [
  'x-request-id',
  'retry-after',
  'server-timing',
  VERSION_HEADER,
  ...['requests', 'tokens'].flatMap((what) => ['limit', 'remaining', 'reset'].map((part) => `x-ratelimit-${part}-${what}`)),
].join(', ');

/** The longest list of header names that is answered. */
const MAX_REQUESTED_HEADERS = 2000;

/**
 * Says which pages may read an answer. A browser asks beforehand, without the key (a preflight), so the answer to that
 * names an origin if any live key does; the answer to the request itself names it only if the key that was sent does.
 * Nothing here lets a public page into a private network: browsers ask for that in a header of its own, which is not
 * answered.
 * @param knowsOrigin whether any live key may be used by pages of an origin
 */
export const cors = (origins: CorsOrigins, knowsOrigin: (origin: string) => Promise<boolean>) =>
  createMiddleware<AppEnv>(async function cors(c, next) {
    const origin = c.req.header('origin');
    if (c.req.method !== 'OPTIONS') {
      try {
        await next();
      } finally {
        // A refusal, too, is for the page to read.
        const allowed = allowedOrigin(origins, origin) ?? (c.var.origins?.includes(origin ?? '') ? origin : undefined);
        if (origins !== '*') c.header('vary', 'Origin', { append: true });
        if (allowed !== undefined) {
          c.header('access-control-allow-origin', allowed);
          c.header('access-control-expose-headers', EXPOSED);
        }
      }
      return;
    }
    const allowed = allowedOrigin(origins, origin) ?? ((await knowsOrigin(origin ?? '')) ? origin : undefined);
    if (origins !== '*') c.header('vary', 'Origin');
    const requested = c.req.header('access-control-request-headers');
    if (allowed !== undefined) {
      c.header('access-control-allow-origin', allowed);
      c.header('access-control-allow-methods', METHODS);
      if (requested !== undefined && requested.length <= MAX_REQUESTED_HEADERS) c.header('access-control-allow-headers', requested);
      c.header('access-control-max-age', MAX_AGE);
    }
    return c.body(null, 204);
  });

const allowedOrigin = (origins: CorsOrigins, origin: string | undefined): string | undefined => {
  if (origins === '*') return '*';
  return origin !== undefined && origins.includes(origin) ? origin : undefined;
};
