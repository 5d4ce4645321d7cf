import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from '../http/app-env.ts';
import type { PageAssets } from '../http/page-assets.ts';

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

/** HSTS is the domain owner's to say. */
const SECURE_HEADERS = { strictTransportSecurity: false, contentSecurityPolicy: CONTENT_SECURITY_POLICY };

/** Icons of the reference's own stylesheet are data: addresses. */
const REFERENCE_HEADERS = { ...SECURE_HEADERS, contentSecurityPolicy: { ...CONTENT_SECURITY_POLICY, imgSrc: ["'self'", 'data:'] } };

/** A page is asked for again with its ETag; what its address names by a hash never changes. */
const REVALIDATE = 'no-cache';
const FOREVER = 'public, max-age=31536000, immutable';

/** The playground at /, the API's reference at /docs, and their files at /assets. No other path asks for an asset. */
export function pageRoutes(app: OpenAPIHono<AppEnv>, assets: PageAssets): void {
  const answer = (cacheControl: string) => async (c: Context) => {
    const found = await assets.fetch(c.req.raw);
    if (found.status >= 400) throw new GptEdgeError('unknown_url', `There is no ${c.req.path} here.`);
    const response = new Response(found.body, found);
    response.headers.set('cache-control', cacheControl);
    return response;
  };
  app.get('/', secureHeaders(SECURE_HEADERS), answer(REVALIDATE));
  app.get('/docs', secureHeaders(REFERENCE_HEADERS), answer(REVALIDATE));
  app.get('/assets/:file', secureHeaders(SECURE_HEADERS), answer(FOREVER));
}
