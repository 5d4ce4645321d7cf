import { NOBODY } from '../access/access-object.ts';
import type { AccessPolicy, AccessService } from '../access/access-service.ts';
import { asked, type Grant, LeasedGrant, OFFLINE_GRANT } from '../access/grant.ts';
import { refusalError } from '../access/limits/rate-limit-answer.ts';
import { faultError } from '../api/access/check-access.ts';
import { withGrant } from '../api/access/handed-grant.ts';
import type { BatchParts } from '../api/http/batch-parts.ts';
import { errorBody, isFinal, statusOf } from '../api/http/errors.ts';
import type { BatchBindings } from '../batch/batch-object.ts';
import { BatchService } from '../batch/batch-service.ts';
import type { BatchHandle, GroupMessage } from '../batch/batch-state.ts';
import { type Answer, consumeGroups } from '../batch/consume-groups.ts';
import { bucketInTime } from '../batch/files/bucket-in-time.ts';
import { FileStore } from '../batch/files/file-store.ts';
import { askObject } from '../core/ask-object.ts';
import { ERROR_CODES, type ErrorCode, GptEdgeError } from '../core/errors.ts';
import { type AccessBindings, accessService } from './access-from-env.ts';
import { parseAccess } from './access-variables.ts';
import { type BatchVariables, parseBatchCaps } from './batch-variables.ts';

/** The bindings and variables of files and batches. wrangler.toml says what each means. */
export interface BatchEnv extends Partial<BatchBindings>, BatchVariables, AccessBindings {}

/**
 * The files and batches that the Worker's bindings describe; undefined if they are not bound.
 * @throws Error for a variable with an invalid value
 */
export function batchesFromEnv(env: BatchEnv): BatchParts | undefined {
  const { MODELS, BATCHES, BATCH_QUEUE } = env;
  if (!MODELS || !BATCHES || !BATCH_QUEUE) return undefined;
  const { isPublic, policy } = parseAccess(env);
  return {
    service: new BatchService(bucketInTime(MODELS), handles(BATCHES), parseBatchCaps(env)),
    servesNobody: isPublic && policy.addressLimits === null,
  };
}

const METHODS = ['create', 'describe', 'cancel', 'begin', 'record', 'end', 'abandon'] as const satisfies (keyof BatchHandle)[];

/** A batch's object, each of whose methods may be called twice. */
const handles = (namespace: DurableObjectNamespace) => (id: string) => {
  type Call = (...values: unknown[]) => Promise<unknown>;
  const stub = () => namespace.getByName(id) as unknown as Record<string, Call>;
  const call =
    (name: string): Call =>
    (...values) =>
      askObject(() => stub()[name](...values), unavailable);
  return Object.fromEntries(METHODS.map((name) => [name, call(name)])) as unknown as BatchHandle;
};

const unavailable = (cause: unknown) =>
  new GptEdgeError('storage_unavailable', 'The batch cannot be reached at the moment. Try again.', { cause, retryAfterSeconds: 1 });

/**
 * Answers what the queue of batches delivers.
 * @param serve an app whose access is `handedAccess`: it is asked in the name of the batch's owner
 */
export async function consumeBatches(
  batch: MessageBatch,
  env: BatchEnv,
  serve: (request: Request) => Response | Promise<Response>,
): Promise<void> {
  const { MODELS, BATCHES, BATCH_QUEUE } = env;
  if (!MODELS || !BATCHES || !BATCH_QUEUE) throw new Error('Batches need the bindings MODELS, BATCHES and BATCH_QUEUE.');
  await consumeGroups(batch as MessageBatch<GroupMessage>, {
    files: new FileStore(bucketInTime(MODELS)),
    handle: handles(BATCHES),
    send: (message, delaySeconds) => BATCH_QUEUE.send(message, { delaySeconds }).then(() => {}),
    answer: answerFor(accessService(env), parseAccess(env).policy, serve),
  });
}

/** Answers requests as their owner's key stands now, and counts them as its. */
function answerFor(service: (() => AccessService) | undefined, policy: AccessPolicy, serve: Parameters<typeof consumeBatches>[2]): Answer {
  return async (request, owner) => {
    try {
      const { pathname } = new URL(request.url);
      return await withOwnStatus(await serve(withGrant(request, await grantOf(owner, pathname, policy, service))));
    } catch (error) {
      if (error instanceof GptEdgeError) return refusal(error);
      throw error;
    }
  };
}

async function grantOf(owner: string, path: string, policy: AccessPolicy, service?: () => AccessService): Promise<Grant> {
  const isCounted = owner !== NOBODY || Object.keys(policy.deploymentLimits).length > 0;
  if (service === undefined || !isCounted) return OFFLINE_GRANT;
  const admission = await asked(() => service().admitOwner(owner, path, policy));
  if ('admitted' in admission) return new LeasedGrant(admission.admitted, service);
  throw 'fault' in admission ? faultError(admission.fault) : refusalError(admission.refused);
}

function refusal(error: GptEdgeError): Response {
  const headers = new Headers();
  if (error.retryAfterSeconds !== null) headers.set('retry-after', String(error.retryAfterSeconds));
  if (isFinal(error.code)) headers.set('x-should-retry', 'false');
  return Response.json(errorBody(error), { status: statusOf(error.code), headers });
}

/** An answer that took long has begun with the status 200, even if an error followed. It gets the error's own status. */
async function withOwnStatus(response: Response): Promise<Response> {
  if (response.status !== 200) return response;
  const text = await response.text();
  const { error } = JSON.parse(text) as { error?: { code: ErrorCode } };
  const status = error && ERROR_CODES.includes(error.code) ? statusOf(error.code) : 200;
  const headers = new Headers(response.headers);
  if (error && isFinal(error.code)) headers.set('x-should-retry', 'false');
  return new Response(text, { status, headers });
}
