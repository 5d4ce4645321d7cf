import { createMiddleware } from 'hono/factory';
import type { AppEnv } from './app-env.ts';

/** The version of the model that answers, as `gpt-edge push` names it. */
export const VERSION_HEADER = 'x-model-version';

/**
 * What browsers are told of every answer that says nothing else: that it is what its content type says, that it is no
 * page and stands in none, and that where it leads need not know where it came from. The pages have a policy of their
 * own.
 */
const HEADERS: Record<string, string> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  // An answer is its caller's, and so no cache between keeps it.
  'cache-control': 'no-store',
};

export const answerHeaders = createMiddleware<AppEnv>(async function answerHeaders(c, next) {
  await next();
  // Hono gives a header that was set beforehand only to the answers that it makes itself, not to streams.
  c.header('x-request-id', c.var.requestId);
  const { version } = c.var.record;
  if (version !== undefined) c.header(VERSION_HEADER, version);
  for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
});
