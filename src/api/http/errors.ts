import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import type { ErrorBody } from '../openai/schemas/bodies.ts';
import { isUnsupported, UNSUPPORTED_NAMES } from '../openai/schemas/openai-fields.ts';
import type { RequestRecord } from '../request-log/request-record.ts';
import type { AppEnv } from './app-env.ts';

const STATUS: Record<ErrorCode, ContentfulStatusCode> = {
  invalid_value: 400,
  unknown_parameter: 400,
  unsupported_parameter: 400,
  invalid_json: 400,
  context_length_exceeded: 400,
  chat_template_error: 400,
  unauthorized: 401,
  invalid_api_key: 401,
  forbidden: 403,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  key_not_found: 404,
  model_not_found: 404,
  file_not_found: 404,
  batch_not_found: 404,
  completion_not_found: 404,
  unknown_url: 404,
  method_not_allowed: 405,
  request_too_large: 413,
  timeout: 408,
  unsupported_media_type: 415,
  internal_error: 500,
  unsupported_model: 503,
  model_unavailable: 503,
  memory_limit_exceeded: 503,
  overloaded: 503,
  storage_unavailable: 503,
  stopped: 503,
  not_configured: 501,
  engine_unavailable: 503,
  invalid_file: 503,
  command_failed: 500,
};

/**
 * The status that nginx logs for a client that did not wait for its answer. No client receives it, but the log needs a
 * status that does not look like a failure of the server.
 */
const CLIENT_CLOSED_REQUEST = 499;

/** Characters of a message. The longest, of a model that does not fit, has about 400. */
const MAX_MESSAGE_LENGTH = 1000;

/** The status of an answer with that error. */
export const statusOf = (code: ErrorCode): ContentfulStatusCode => STATUS[code];

/**
 * Whether it is no use to try again. OpenAI's clients do so after each 429 and 503 unless they are told not to; but a
 * budget is spent until the next day, and what an operator has stopped should not begin anew.
 */
export const isFinal = (code: string): boolean => code === 'insufficient_quota' || code === 'stopped';

/** The one place where an error becomes a response. */
export function renderError(error: unknown, c: Context<AppEnv>): Response {
  if (c.req.raw.signal.aborted && !(error instanceof GptEdgeError)) return new Response(null, { status: CLIENT_CLOSED_REQUEST });
  const known = handleError(error, c.var.record);
  if (known.retryAfterSeconds !== null) c.header('retry-after', String(known.retryAfterSeconds));
  if (isFinal(known.code)) c.header('x-should-retry', 'false');
  if (STATUS[known.code] === 401) c.header('www-authenticate', 'Bearer');
  return c.json(errorBody(known), STATUS[known.code]);
}

/**
 * Enters an error into the request's record, and prints it to the console if it was not thrown on purpose. Returns the
 * error that the client may see.
 */
export function handleError(error: unknown, record: RequestRecord): GptEdgeError {
  const known = toGptEdgeError(error);
  record.error = known.code;
  if (known.code === 'internal_error') console.error(error);
  return known;
}

/**
 * Turns any error into one of the closed set of codes. The details of an unexpected error stay in its `cause`, which
 * the client does not see.
 */
function toGptEdgeError(error: unknown): GptEdgeError {
  if (error instanceof GptEdgeError) return error;
  if (error instanceof HTTPException && error.status === 415)
    return new GptEdgeError('unsupported_media_type', 'The request body must have the content type application/json.');
  if (error instanceof HTTPException && error.status === 400) return invalidJson();
  return new GptEdgeError('internal_error', 'The server failed to process the request.', { cause: error });
}

/** What is wrong with a body that no JSON parser takes. */
export const invalidJson = () => new GptEdgeError('invalid_json', 'The request body is not valid JSON.');

/**
 * The error object for the client. What a message repeats of a request was cut where it was put in; what an inner error
 * says is cut here, since a chat template, for one, may put a whole message of the conversation into its refusal. The
 * whole is cut for the sake of a place that was forgotten.
 */
export function errorBody({ code, message, param, cause }: GptEdgeError): ErrorBody {
  const inner = cause instanceof Error ? cause.message : '';
  const told = excerpt(
    message.replace(inner, () => excerpt(inner)),
    MAX_MESSAGE_LENGTH,
  );
  return { error: { message: told, type: typeOf(code), param: param === null ? null : excerpt(param), code } };
}

/** OpenAI's types of errors. */
function typeOf(code: ErrorCode): ErrorBody['error']['type'] {
  if (code === 'rate_limit_exceeded' || code === 'insufficient_quota') return code;
  return STATUS[code] < 500 ? 'invalid_request_error' : 'server_error';
}

type Issue = z.core.$ZodIssue;

/** Turns the first thing that a schema finds wrong with a request into an error that names the field. */
export function invalidRequest(error: { issues: readonly Issue[] }): GptEdgeError {
  const [issue] = error.issues;
  const param = fieldPath(issue.path);
  if (isUnsupported(issue)) return unsupported(param);
  if (issue.code === 'unrecognized_keys') {
    const name = fieldPath([...issue.path, issue.keys[0]]);
    if (UNSUPPORTED_NAMES.has(issue.keys[0])) return unsupported(name);
    return new GptEdgeError('unknown_parameter', `Unknown field ${name}.`, { param: name });
  }
  return new GptEdgeError('invalid_value', `Invalid ${param || 'request body'}: ${complaint(issue)}`, { param: param || undefined });
}

const unsupported = (name: string) => new GptEdgeError('unsupported_parameter', `gpt-edge does not support ${name}.`, { param: name });

/**
 * Writes the path of a field as JavaScript does, for example `messages[0].content`. A key may be any text of the
 * client's.
 */
const fieldPath = (path: readonly PropertyKey[]): string =>
  excerpt(
    path.reduce<string>(
      (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
      '',
    ),
  );

/** The message of a zod issue without its first word, because the error message already begins with "Invalid". */
const complaint = ({ message }: Issue): string =>
  message.replace(/^Invalid (input|option): /, '').replace(/, received undefined$/, ', but it is missing');
