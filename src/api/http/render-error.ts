import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, GptEdgeError } from '../../core/errors.ts';
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

/** nginx' word for a client that did not wait. Nobody reads the answer, but the log tells it from a failure. */
const CLIENT_CLOSED_REQUEST = 499;

/** OpenAI's error object. */
export interface ErrorBody {
  error: { message: string; type: 'invalid_request_error' | 'server_error'; param: string | null; code: ErrorCode };
}

/** Any error as one of the closed set. What nobody meant to throw is logged and told without its details. */
export function toGptEdgeError(error: unknown): GptEdgeError {
  if (error instanceof GptEdgeError) return error;
  if (error instanceof HTTPException && error.status === 415)
    return new GptEdgeError('unsupported_media_type', 'The request body must have the content type application/json.');
  if (error instanceof HTTPException && error.status === 400)
    return new GptEdgeError('invalid_json', 'The request body is not valid JSON.');
  console.error(error);
  return new GptEdgeError('internal_error', 'The server failed to process the request.', { cause: error });
}

export function errorBody({ code, message, param }: GptEdgeError): ErrorBody {
  return { error: { message, type: STATUS[code] < 500 ? 'invalid_request_error' : 'server_error', param, code } };
}

/** The one place where an error becomes a response. */
export function renderError(error: unknown, c: Context<AppEnv>): Response {
  if (c.req.raw.signal.aborted && !(error instanceof GptEdgeError)) return new Response(null, { status: CLIENT_CLOSED_REQUEST });
  const known = toGptEdgeError(error);
  c.var.record.error = known.code;
  return c.json(errorBody(known), STATUS[known.code]);
}
