import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AccessService, Admitted } from '../../access/access-service.ts';
import { type Grant, LeasedGrant, OFFLINE_GRANT, OPEN_GRANT, OPERATOR_GRANT } from '../../access/grant.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from '../http/app-env.ts';

/** The header in which the Worker in front tells the engine what it has decided. */
const HEADER = 'x-gpt-edge-grant';

/** The grants that are no lease, by what the header says. */
const FIXED: Record<string, Grant> = { open: OPEN_GRANT, offline: OFFLINE_GRANT, operator: OPERATOR_GRANT };

/**
 * A request as it is handed on to where the engine runs, with the grant that it has here. Whatever the client sent under
 * the header's name is replaced.
 */
export function withGrant(request: Request, grant: Grant): Request {
  const handed = new Request(request);
  // Which pages may read the answer is said in front.
  const fixed = Object.keys(FIXED).find((name) => FIXED[name] === grant) ?? 'open';
  const text = grant instanceof LeasedGrant ? { ...grant.admitted, origins: [] } : fixed;
  handed.headers.set(HEADER, encodeURIComponent(JSON.stringify(text)));
  return handed;
}

/**
 * The access of an app that only the Worker in front can reach: it takes the grant that was handed on. A request
 * without one did not come that way, and is refused.
 * @param service the same keys and counts as in front; called for each request
 */
export const handedAccess = (service?: () => AccessService): MiddlewareHandler<AppEnv> =>
  createMiddleware<AppEnv>(async function handedAccess(c, next) {
    const grant = readGrant(c.req.header(HEADER), service);
    c.set('grant', grant);
    c.set('origins', grant.origins);
    await next();
  });

function readGrant(header: string | undefined, service?: () => AccessService): Grant {
  if (header === undefined) throw new GptEdgeError('unauthorized', 'The request was not handed on by the Worker in front.');
  const handed = JSON.parse(decodeURIComponent(header)) as Admitted | string;
  if (typeof handed === 'string') return FIXED[handed];
  if (service === undefined) throw new GptEdgeError('internal_error', 'The engine has no binding to the object that counts.');
  return new LeasedGrant(handed, service);
}
