import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import type { AppEnv } from '../http/app-env.ts';

/** The files of the built page. The static assets binding of Workers has this shape. */
export interface PageAssets {
  fetch(request: Request): Promise<Response>;
}

const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  fontSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Whether a domain requires HTTPS is up to the owner of the domain, so HSTS is left out. */
const SECURE_HEADERS = { strictTransportSecurity: false, contentSecurityPolicy: CONTENT_SECURITY_POLICY };

/** The playground's headers, if it may take scripts and frames from other origins. */
function withSources(sources: readonly string[]) {
  const policy = { ...CONTENT_SECURITY_POLICY, scriptSrc: ["'self'", ...sources], frameSrc: [...sources] };
  return sources.length === 0 ? SECURE_HEADERS : { ...SECURE_HEADERS, contentSecurityPolicy: policy };
}

/** The stylesheet of the API reference has its icons in `data:` URLs. */
const REFERENCE_HEADERS = { ...SECURE_HEADERS, contentSecurityPolicy: { ...CONTENT_SECURITY_POLICY, imgSrc: ["'self'", 'data:'] } };

/** For pages: the browser asks again each time, with the ETag. */
const REVALIDATE = 'no-cache';
/** For files whose URL contains a hash of their content, which therefore never change. */
const FOREVER = 'public, max-age=31536000, immutable';

/**
 * The playground at /, the API reference at /docs, and the files of both at /assets. No other path reads an asset.
 * @param sources origins besides its own from which the playground takes scripts and frames
 */
export function pageRoutes(app: OpenAPIHono<AppEnv>, assets: PageAssets, sources: readonly string[] = []): void {
  const answer = (cacheControl: string) => async (c: Context) => {
    const found = await assets.fetch(c.req.raw);
    if (found.status >= 400) throw new GptEdgeError('unknown_url', `There is no ${excerpt(c.req.path)} here.`);
    const response = new Response(found.body, found);
    response.headers.set('cache-control', cacheControl);
    return response;
  };
  app.get('/', secureHeaders(withSources(sources)), answer(REVALIDATE));
  app.get('/docs', secureHeaders(REFERENCE_HEADERS), answer(REVALIDATE));
  app.get('/assets/:file', secureHeaders(SECURE_HEADERS), answer(FOREVER));
}
