import type { Context, MiddlewareHandler } from 'hono';
import { basePath } from 'hono/route';
import type { AccessPolicy, AccessService, KeyFault } from '../../access/access-service.ts';
import { asked, type Grant, LeasedGrant, OPEN_GRANT, OPERATOR_GRANT } from '../../access/grant.ts';
import { equalHashes, looksLikeKey, parseKey, sha256Hex } from '../../access/keys/key-text.ts';
import { rateHeaders, refusalError } from '../../access/limits/rate-limit-answer.ts';
import { type ErrorCode, GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from '../http/app-env.ts';
import { ENGINE_PATH } from '../openai/schemas/engine-schema.ts';
import { READY_PATH } from '../openai/schemas/ready-schema.ts';
import { clientAddress } from './client-address.ts';
import { type CorsOrigins, cors } from './cors.ts';
import { TURNSTILE_PATH, type Turnstile } from './turnstile.ts';

/** The part of the platform's rate-limit binding that is used. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** Who may use a deployment, and how much. */
export interface AccessOptions {
  /** Whether requests without a key are served. */
  isPublic: boolean;
  /** The keys and counts; called for each request. Without it there are no keys, and nothing is counted. */
  service?: () => AccessService;
  policy: AccessPolicy;
  /** @default all if the deployment is public, and otherwise only the origins of the keys */
  corsOrigins?: CorsOrigins;
  /** The secret that opens {@link OPERATOR_PATHS}; without it they are closed. */
  operatorKey?: string;
  /** Refuses floods before they are counted. Its counts are rough, and of one place. */
  rateLimiter?: RateLimiter;
  /** Lets only browsers with people in front of them use a public deployment without a key. */
  turnstile?: Turnstile;
}

/** Paths for the operator alone, with what lies below. */
const OPERATOR_PATHS = ['/operator', '/metrics', ENGINE_PATH];
/** Paths that answer whoever asks, since whoever watches a deployment has no key. */
const OPEN_PATHS = ['/health', READY_PATH];
/** Paths that a public deployment serves without counting: they cost next to nothing. */
const UNCOUNTED_PATHS = ['/', '/docs', '/openapi.json', '/assets', TURNSTILE_PATH];

/** Seconds after which a flood may have passed. */
const FLOOD_SECONDS = 10;

/**
 * Decides who may do what, in front of everything: it answers preflights, refuses, or sets `grant` and `origins` in
 * the context. It is a middleware, so that it stands wherever requests arrive: in the Worker that also generates, or
 * in a thin Worker in front of the engine.
 */
export function checkAccess(options: AccessOptions): MiddlewareHandler<AppEnv> {
  const { isPublic, service, corsOrigins = isPublic || !service ? '*' : [] } = options;
  const knowsOrigin = async (origin: string) => (service ? asked(() => service().knowsOrigin(origin)) : false);
  const answerPages = cors(corsOrigins, knowsOrigin);
  return (c, next) =>
    answerPages(c, async () => {
      c.set('grant', await grantOf(c, options));
      c.set('origins', c.var.grant.origins);
      await next();
    });
}

async function grantOf(c: Context<AppEnv>, options: AccessOptions): Promise<Grant> {
  const { isPublic, operatorKey, turnstile } = options;
  const path = routedPath(c);
  const sent = sentKey(c.req.raw.headers);
  if (OPEN_PATHS.includes(path)) return path === READY_PATH && (await maySeeModels(c, sent, options)) ? OPERATOR_GRANT : OPEN_GRANT;
  if (isOneOf(OPERATOR_PATHS, path)) return path === ENGINE_PATH && isLoopback(c) ? OPERATOR_GRANT : operatorGrant(sent, operatorKey);
  if (sent !== undefined && (looksLikeKey(sent) || !isPublic)) return keyGrant(c, path, sent, options);
  if (!isPublic) throw new GptEdgeError('unauthorized', noKeyMessage(options));
  if (isOneOf(UNCOUNTED_PATHS, path)) return OPEN_GRANT;
  await turnstile?.check(sent, clientAddress(c.req.raw.headers));
  return nobodyGrant(c, path, options);
}

/** Whether whoever asks if the models can be served may see which ones these are. */
const maySeeModels = async (c: Context<AppEnv>, sent: string | undefined, { isPublic, operatorKey }: AccessOptions): Promise<boolean> =>
  isPublic || isLoopback(c) || isOperatorKey(sent, operatorKey);

const isOperatorKey = async (sent: string | undefined, operatorKey: string | undefined): Promise<boolean> =>
  sent !== undefined && operatorKey !== undefined && equalHashes(await sha256Hex(sent), await sha256Hex(operatorKey));

async function operatorGrant(sent: string | undefined, operatorKey: string | undefined): Promise<Grant> {
  if (operatorKey === undefined)
    throw new GptEdgeError('unauthorized', 'This is for the operator, and the deployment has no OPERATOR_KEY.');
  if (!(await isOperatorKey(sent, operatorKey)))
    throw new GptEdgeError(
      'unauthorized',
      'This is for the operator, whose key is the secret OPERATOR_KEY. The request has another, or none.',
    );
  return OPERATOR_GRANT;
}

async function keyGrant(c: Context<AppEnv>, path: string, sent: string, options: AccessOptions): Promise<Grant> {
  if (options.service === undefined) throw new GptEdgeError('unauthorized', noKeyMessage(options));
  const parsed = parseKey(sent);
  if (parsed === undefined) throw faultError('invalid');
  const { kind, id, secret } = parsed;
  return admitted(c, path, options, { id, kind, hash: await sha256Hex(secret) });
}

async function nobodyGrant(c: Context<AppEnv>, path: string, options: AccessOptions): Promise<Grant> {
  const { addressLimits, deploymentLimits } = options.policy;
  const isCounted = addressLimits !== null || Object.keys(deploymentLimits).length > 0;
  return isCounted && options.service !== undefined ? admitted(c, path, options) : OPEN_GRANT;
}

async function admitted(
  c: Context<AppEnv>,
  path: string,
  { service, policy, rateLimiter }: AccessOptions,
  key?: Parameters<AccessService['admit']>[0]['key'],
): Promise<Grant> {
  const address = clientAddress(c.req.raw.headers);
  if (rateLimiter && !(await rateLimiter.limit({ key: key?.id ?? address })).success)
    throw new GptEdgeError('rate_limit_exceeded', 'There are too many requests.', { retryAfterSeconds: FLOOD_SECONDS });
  const admission = await asked(() => service!().admit({ key, address, origin: originOf(c), path, policy }));
  if ('admitted' in admission) return new LeasedGrant(admission.admitted, service!);
  // The page of a key may read why its request was refused.
  c.set('origins', admission.origins);
  if ('fault' in admission) throw faultError(admission.fault);
  for (const [name, value] of Object.entries(rateHeaders(admission.allowances))) c.header(name, value);
  throw refusalError(admission.refused);
}

/**
 * Whether a request comes to this machine alone: Cloudflare serves no such name. What the engine does is told there
 * without a key, for whoever tries things out.
 */
const isLoopback = (c: Context): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(c.req.url).hostname);

/** The key that a client sends, in OpenAI's header or in those of other clients. */
function sentKey(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '') ?? [];
  return bearer ?? headers.get('api-key') ?? headers.get('x-api-key') ?? undefined;
}

/**
 * The origin of the page that sends a request. A browser does not name it where page and API have the same one and the
 * request only reads, but says so.
 */
function originOf(c: Context): string | undefined {
  const isSameOrigin = c.req.header('sec-fetch-site') === 'same-origin';
  return c.req.header('origin') ?? (isSameOrigin ? new URL(c.req.url).origin : undefined);
}

const FAULTS: Record<KeyFault, [code: ErrorCode, message: string]> = {
  invalid: ['invalid_api_key', 'The key is not one of this deployment.'],
  revoked: ['invalid_api_key', 'The key was revoked.'],
  expired: ['invalid_api_key', 'The key has expired.'],
  origin: ['forbidden', 'The key may not be used by this page: its origin is not one of those that the key was created for.'],
  route: ['forbidden', 'The key may not be used for this route.'],
};

/** The error of a request whose key is not accepted. */
export function faultError(fault: KeyFault): GptEdgeError {
  const [code, message] = FAULTS[fault];
  return new GptEdgeError(code, message);
}

const noKeyMessage = ({ service }: AccessOptions): string =>
  service
    ? 'This deployment asks for a key: send it as Authorization: Bearer <key>. Its owner creates keys with gpt-edge keys create, and can open it to everyone with the variable PUBLIC = "true".'
    : 'This deployment is not public. Its owner can open it to everyone with the variable PUBLIC = "true".';

/**
 * The path as the routes see it, and so with what was percent-encoded in it decoded, without that of the app in which
 * this one is mounted.
 */
function routedPath(c: Context): string {
  const base = basePath(c).replace(/\/$/, '');
  return c.req.path.startsWith(base) ? c.req.path.slice(base.length) || '/' : c.req.path;
}

const isOneOf = (paths: readonly string[], path: string): boolean =>
  paths.some((known) => path === known || (known !== '/' && path.startsWith(`${known}/`)));
