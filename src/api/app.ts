import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { requestId } from 'hono/request-id';
import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import { DEFAULT_MAX_WORK } from '../generation/check-work.ts';
import type { CpuAllowance } from '../generation/cpu-allowance.ts';
import { checkAccess } from './access/check-access.ts';
import { useGrant } from './access/use-grant.ts';
import { answerHeaders } from './http/answer-headers.ts';
import type { AppEnv } from './http/app-env.ts';
import { type BatchParts, withoutBatches } from './http/batch-parts.ts';
import { invalidRequest, renderError } from './http/errors.ts';
import { ENGINE_PATHS, type EngineFront, forwardToEngine } from './http/forward-to-engine.ts';
import { normalPath } from './http/normal-path.ts';
import { RunningRequests } from './http/running-requests.ts';
import type { ModelHost } from './model-host.ts';
import { logRequests } from './request-log/log-requests.ts';
import { type RequestLine, writeRequestLine } from './request-log/request-line.ts';
import { batchesRoutes } from './routes/batches.ts';
import { chatCompletionsRoute } from './routes/chat-completions.ts';
import { completionsRoute } from './routes/completions.ts';
import { decisionsRoute } from './routes/decisions.ts';
import { embeddingsRoute } from './routes/embeddings.ts';
import { engineRoute } from './routes/engine.ts';
import { filesRoutes } from './routes/files.ts';
import { healthRoute } from './routes/health.ts';
import { modelsRoute } from './routes/models.ts';
import { nextTokenRoute } from './routes/next-token.ts';
import { openapiRoute } from './routes/openapi.ts';
import { type PageAssets, pageRoutes } from './routes/page.ts';
import { readyRoute } from './routes/ready.ts';
import { responsesRoute } from './routes/responses.ts';
import { stopRoute } from './routes/stop.ts';
import { storedCompletionsRoutes } from './routes/stored-completions.ts';
import { storedResponsesRoutes } from './routes/stored-responses.ts';
import { tokenizeRoutes } from './routes/tokenize.ts';

/**
 * The longest request id that is kept; a longer one is replaced. A UUID has 36 characters, and the ids of common
 * proxies and tracers fit as well.
 */
const MAX_REQUEST_ID_LENGTH = 128;

/** What an app counts that was made without `access`. */
const UNCOUNTED = { addressLimits: null, deploymentLimits: {}, prices: { prompt: 0, completion: 0 } };

/**
 * How the API is served.
 * @example
 * const options: AppOptions = { host: modelsFromEnv(env), isPublic: env.PUBLIC === 'true', assets: env.ASSETS };
 */
export interface AppOptions {
  /** The models to serve. */
  host: ModelHost;
  /**
   * Answers what needs a model in another place, such as an engine object, in place of this app's own routes.
   * @default this app answers with the models of `host`
   */
  engine?: EngineFront;
  /** Whether anyone may use the API, without any limit. Otherwise every path but /health and /ready answers 401. @default false */
  isPublic?: boolean;
  /** Who may do what, in place of `isPublic`; `accessFromEnv` makes it. It answers, refuses, or sets `grant`. */
  access?: MiddlewareHandler<AppEnv>;
  /** Adds the routes that belong to `access`. @default adds none */
  accessRoutes?: (app: OpenAPIHono<AppEnv>) => void;
  /** Files and batches; `batchesFromEnv` makes them. @default their paths answer `not_configured` */
  batches?: BatchParts;
  /** Origins besides its own from which the playground may take scripts and frames. @default none */
  pageSources?: readonly string[];
  /**
   * Multiply-adds that one request may ask for: whatever asks for more is refused. A token of a prompt takes what
   * /v1/models says, and a generated one 2.5 times as much; choosing and scoring tokens counts too. @default 2e12
   */
  maxWork?: number;
  /**
   * The CPU time in which a request is served, asked for once for each. Where it is spent and not renewed, a completion
   * ends early, with `finish_reason: "length"`. @default no limit
   */
  cpuAllowance?: () => CpuAllowance | undefined;
  /** Called once for each request, when its answer has ended. @default writes the line as JSON to the console */
  log?: (line: RequestLine) => void;
  /**
   * The built files of the playground (at `/`) and of the API reference (at `/docs`), both with files at `/assets`.
   * They work at these paths only. @default neither is served
   */
  assets?: PageAssets;
}

/**
 * Creates the HTTP API over a host of models, as a Hono app: OpenAI's completions, chat completions, decisions, responses,
 * embeddings and models, and also tokenize, detokenize, next-token, health, readiness and the OpenAPI document. It may be mounted below a path of another
 * Hono app. It throws nothing; every failure is answered with OpenAI's error object.
 * @example
 * import { createApp, modelsFromEnv, type WorkerEnv } from 'gpt-edge';
 *
 * let app: ReturnType<typeof createApp> | undefined;
 *
 * export default {
 *   fetch(request, env, context) {
 *     app ??= createApp({ host: modelsFromEnv(env), isPublic: true });
 *     return app.fetch(request, env, context);
 *   },
 * } satisfies ExportedHandler<WorkerEnv>;
 */
export function createApp({
  host,
  engine,
  isPublic = false,
  access = checkAccess({ isPublic, policy: UNCOUNTED }),
  accessRoutes = () => {},
  batches,
  pageSources,
  maxWork = DEFAULT_MAX_WORK,
  cpuAllowance = () => undefined,
  log = writeRequestLine,
  assets,
}: AppOptions): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error);
    },
  });
  const running = new RunningRequests();
  app.use(normalPath(app));
  app.use(requestId({ limitLength: MAX_REQUEST_ID_LENGTH }));
  app.use(logRequests(log));
  app.use(answerHeaders);
  app.use(access);
  app.use(useGrant(host));
  app.use(async (c, next) => {
    c.set('running', running);
    c.set('maxWork', maxWork);
    c.set('cpuAllowance', c.env?.slices?.allowance ?? c.env?.cpuAllowance ?? cpuAllowance());
    await next();
  });

  // Files and batches are no engine's to answer, in whichever place it is.
  if (batches) {
    filesRoutes(app, batches);
    batchesRoutes(app, batches);
  } else withoutBatches(app);
  methodNotAllowed(app);

  if (engine) for (const path of ENGINE_PATHS) app.use(path, forwardToEngine(engine));
  completionsRoute(app);
  chatCompletionsRoute(app);
  storedCompletionsRoutes(app);
  decisionsRoute(app);
  responsesRoute(app);
  storedResponsesRoutes(app);
  modelsRoute(app);
  engineRoute(app);
  stopRoute(app);
  tokenizeRoutes(app);
  nextTokenRoute(app);
  embeddingsRoute(app);
  healthRoute(app);
  readyRoute(app, engine);
  openapiRoute(app);
  if (assets) pageRoutes(app, assets, pageSources);
  accessRoutes(app);

  methodNotAllowed(app);
  app.notFound((c) => renderError(new GptEdgeError('unknown_url', `There is no ${excerpt(c.req.path)} here.`), c));
  app.onError(renderError);
  return app;
}

/** Answers the other methods of the paths that are known so far with 405 and `Allow`. */
function methodNotAllowed(app: OpenAPIHono<AppEnv>): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) if (method !== 'ALL') methods.set(path, (methods.get(path) ?? new Set()).add(method));
  for (const [path, known] of methods) {
    const allow = [...known, ...(known.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    app.all(path, (c) => {
      c.header('allow', allow);
      throw new GptEdgeError('method_not_allowed', `${c.req.method} is not allowed at ${excerpt(c.req.path)}; ${allow} are.`);
    });
  }
}
