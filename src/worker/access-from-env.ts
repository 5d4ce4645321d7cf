import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { AccessService } from '../access/access-service.ts';
import { checkAccess, type RateLimiter } from '../api/access/check-access.ts';
import { handedAccess } from '../api/access/handed-grant.ts';
import { operatorRoutes } from '../api/access/operator-routes.ts';
import { TURNSTILE_ORIGIN, Turnstile, turnstileRoutes } from '../api/access/turnstile.ts';
import type { AppEnv } from '../api/http/app-env.ts';
import { type AccessVariables, parseAccess } from './access-variables.ts';

/** The bindings and variables that say who may use a deployment. wrangler.toml says what each means. */
export interface AccessBindings extends AccessVariables {
  /** The object that keeps keys and counts. */
  ACCESS?: DurableObjectNamespace;
  RATE_LIMITER?: RateLimiter;
}

/** What `createApp` needs to know who may do what. */
export interface AccessParts {
  access: MiddlewareHandler<AppEnv>;
  accessRoutes: (app: OpenAPIHono<AppEnv>) => void;
  pageSources: readonly string[];
}

/** The one object that all isolates ask. */
const NAME = 'access';

/** A stub for each request, since one that has failed is of no more use. */
export function accessService({ ACCESS }: AccessBindings): (() => AccessService) | undefined {
  // The type that workerd gives to a stub of the class says the same, in a way that takes the compiler long.
  return ACCESS && (() => ACCESS.getByName(NAME) as unknown as AccessService);
}

/**
 * Makes the access that the Worker's variables and bindings describe: keys, limits and CORS, and the operator's
 * routes. Call it once for each isolate.
 * @throws Error for a variable with an invalid value, or one that needs a binding that is not there
 * @example
 * app ??= createApp({ host: modelsFromEnv(env), ...accessFromEnv(env) });
 */
export function accessFromEnv(env: AccessBindings): AccessParts {
  const { isPublic, policy, corsOrigins, operatorKey, turnstileKeys } = parseAccess(env);
  const service = accessService(env);
  if (service === undefined) checkUncounted(isPublic, policy);
  const turnstile = turnstileKeys && new Turnstile(turnstileKeys.site, turnstileKeys.secret);
  const options = { isPublic, service, policy, corsOrigins, operatorKey, rateLimiter: env.RATE_LIMITER, turnstile };
  return {
    access: checkAccess(options),
    pageSources: turnstile ? [TURNSTILE_ORIGIN] : [],
    accessRoutes: (app) => {
      if (service && operatorKey !== undefined) operatorRoutes(app, service);
      if (turnstile) turnstileRoutes(app, turnstile);
    },
  };
}

/** As {@link accessFromEnv}, for an app that only the Worker in front can reach. */
export const handedAccessFromEnv = (env: AccessBindings): Pick<AccessParts, 'access'> => ({ access: handedAccess(accessService(env)) });

/** Limits that nobody counts would be none. */
function checkUncounted(isPublic: boolean, { addressLimits, deploymentLimits }: ReturnType<typeof parseAccess>['policy']): void {
  const missing = 'needs the binding ACCESS, of a Durable Object with the class AccessObject';
  if (Object.keys(deploymentLimits).length > 0) throw new Error(`DAILY_BUDGET ${missing}.`);
  if (isPublic && addressLimits !== null)
    throw new Error(`PUBLIC = "true" ${missing}, which counts each client's requests; PUBLIC_LIMITS = "off" does without.`);
}
