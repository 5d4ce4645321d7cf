import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, GptEdgeError } from '../../core/errors.ts';
import type { ErrorBody } from '../openai/schemas/bodies.ts';
import { UNSUPPORTED_FIELDS } from '../openai/schemas/openai-fields.ts';
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
  model_not_found: 404,
  unknown_url: 404,
  method_not_allowed: 405,
  request_too_large: 413,
  unsupported_media_type: 415,
  internal_error: 500,
  unsupported_model: 503,
  model_unavailable: 503,
  memory_limit_exceeded: 503,
  invalid_file: 503,
  command_failed: 500,
};

/**
 * The status that nginx logs for a client that did not wait. Nobody reads this answer, but the log must not show a
 * failure.
 */
const CLIENT_CLOSED_REQUEST = 499;

/** The one place where an error becomes a response. */
export function renderError(error: unknown, c: Context<AppEnv>): Response {
  if (c.req.raw.signal.aborted && !(error instanceof GptEdgeError)) return new Response(null, { status: CLIENT_CLOSED_REQUEST });
  const known = handleError(error, c.var.record);
  return c.json(errorBody(known), STATUS[known.code]);
}

/** Notes an error in the request's record and logs it if nobody foresaw it. Returns what the client may know of it. */
export function handleError(error: unknown, record: RequestRecord): GptEdgeError {
  const known = toGptEdgeError(error);
  record.error = known.code;
  if (known.code === 'internal_error') console.error(error);
  return known;
}

/** Any error as one of the closed set of codes. The details of an unforeseen one stay in its `cause`. */
function toGptEdgeError(error: unknown): GptEdgeError {
  if (error instanceof GptEdgeError) return error;
  if (error instanceof HTTPException && error.status === 415)
    return new GptEdgeError('unsupported_media_type', 'The request body must have the content type application/json.');
  if (error instanceof HTTPException && error.status === 400)
    return new GptEdgeError('invalid_json', 'The request body is not valid JSON.');
  return new GptEdgeError('internal_error', 'The server failed to process the request.', { cause: error });
}

export function errorBody({ code, message, param }: GptEdgeError): ErrorBody {
  return { error: { message, type: STATUS[code] < 500 ? 'invalid_request_error' : 'server_error', param, code } };
}

type Issue = z.core.$ZodIssue;

/** The first thing that a schema finds wrong with a request, with the name of the field. */
export function invalidRequest(error: { issues: readonly Issue[] }): GptEdgeError {
  const [issue] = error.issues;
  const param = fieldPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const name = fieldPath([...issue.path, issue.keys[0]]);
    return UNSUPPORTED_FIELDS.has(issue.keys[0])
      ? new GptEdgeError('unsupported_parameter', `gpt-edge does not support ${name}.`, { param: name })
      : new GptEdgeError('unknown_parameter', `Unknown field ${name}.`, { param: name });
  }
  return new GptEdgeError('invalid_value', `Invalid ${param || 'request body'}: ${complaint(issue)}`, { param: param || undefined });
}

/** For example `messages[0].content`. */
const fieldPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );

/** The message of a zod issue without its first word, because the error message already begins with "Invalid". */
const complaint = ({ message }: Issue): string =>
  message.replace(/^Invalid (input|option): /, '').replace(/, received undefined$/, ', but it is missing');
