import type { ErrorCode } from '../../core/errors.ts';

/**
 * The log line of one request. A field is absent if its value is not known, or means nothing for the request.
 * @example
 * createApp({
 *   host,
 *   log: ({ path, status, duration_ms, completion_tokens = 0 }: RequestLine) =>
 *     env.ANALYTICS.writeDataPoint({ blobs: [path], doubles: [status, duration_ms, completion_tokens] }),
 * });
 */
export interface RequestLine {
  method: string;
  /** Path without the query. A path that is longer than any of the API's is cut, which a final `…` shows. */
  path: string;
  /** HTTP status of the answer. */
  status: number;
  /** Milliseconds until the end of the answer, by the platform's clock, which stands still while code runs. */
  duration_ms: number;
  /** Id of the model that was asked. */
  model?: string;
  /** The model's version. */
  version?: string;
  /** Tokens in all prompts of the request. */
  prompt_tokens?: number;
  /** Tokens generated for all choices, unfinished ones included. */
  completion_tokens?: number;
  /** Milliseconds until the model was ready: next to none where it was loaded already. */
  load_ms?: number;
  /** Bytes of the model's files, which had to be loaded for the request: a cold start. 0 if the model was there. */
  load_bytes?: number;
  /** Milliseconds that the request waited for room in the KV cache. */
  queue_ms?: number;
  /** Tokens of the prompts that were found in the KV cache. */
  cached_tokens?: number;
  /** How many sequences, its own and others', were computed together, on average over the request's steps. */
  batch_size?: number;
  /** Why the choices ended. Where they ended differently, each reason once, separated by commas. */
  finish_reason?: string;
  /** Present if the answer was a stream. */
  stream?: true;
  /** Code of the error that was answered. */
  error?: ErrorCode;
  /** Present if the client left before the end. */
  aborted?: true;
  request_id: string;
}

/** Writes a line as JSON, which Workers Logs parses by itself. Failures of the server are written as errors. */
export function writeRequestLine(line: RequestLine): void {
  console[line.status >= 500 || line.error === 'internal_error' ? 'error' : 'log'](JSON.stringify(line));
}
