import { OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { requestId } from 'hono/request-id';
import { GptEdgeError } from '../core/errors.ts';
import type { AppEnv } from './http/app-env.ts';
import { methodNotAllowed } from './http/method-not-allowed.ts';
import type { PageAssets } from './http/page-assets.ts';
import { renderError } from './http/render-error.ts';
import { renderIssue } from './http/render-issue.ts';
import { requirePublic } from './http/require-public.ts';
import type { ModelHost } from './model-host.ts';
import { logRequests } from './request-log/log-requests.ts';
import { type RequestLine, writeRequestLine } from './request-log/request-line.ts';
import { chatCompletionsRoute } from './routes/chat-completions.ts';
import { completionsRoute } from './routes/completions.ts';
import { healthRoute } from './routes/health.ts';
import { modelsRoute } from './routes/models.ts';
import { nextTokenRoute } from './routes/next-token.ts';
import { openapiRoute } from './routes/openapi.ts';
import { pageRoutes } from './routes/page.ts';
import { tokenizeRoutes } from './routes/tokenize.ts';

/** A UUID has 36; what common proxies and tracers send is shorter than this. A longer one is replaced. */
const MAX_REQUEST_ID_LENGTH = 128;

export interface AppOptions {
  host: ModelHost;
  /** Whether everyone may ask. @default false */
  isPublic?: boolean;
  /** Told of every request once its answer has ended. @default writes a line of JSON to the console */
  log?: (line: RequestLine) => void;
  /** Files of the playground and the reference, which are at `/`, `/docs` and `/assets` and work nowhere else. @default neither is served */
  assets?: PageAssets;
}

/** The HTTP API over a host of models. */
export function createApp({ host, isPublic = false, log = writeRequestLine, assets }: AppOptions): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw renderIssue(result.error);
    },
  });
  app.use(requestId({ limitLength: MAX_REQUEST_ID_LENGTH }));
  app.use(logRequests(log));
  app.use(cors({ origin: '*', allowMethods: ['GET', 'HEAD', 'POST'], exposeHeaders: ['x-request-id'] }));
  app.use(requirePublic(isPublic));
  app.use(async (c, next) => {
    c.set('host', host);
    await next();
  });

  completionsRoute(app);
  chatCompletionsRoute(app);
  modelsRoute(app);
  tokenizeRoutes(app);
  nextTokenRoute(app);
  healthRoute(app);
  openapiRoute(app);
  if (assets) pageRoutes(app, assets);

  methodNotAllowed(app);
  app.notFound((c) => renderError(new GptEdgeError('unknown_url', `There is no ${c.req.path} here.`), c));
  app.onError(renderError);
  return app;
}
