/**
 * The codes of all errors that gpt-edge throws on purpose. Those of the first group are the caller's fault, and those
 * of the second the deployment's; `api/` gives each of them an HTTP status. Those of the third belong to the
 * command-line tools.
 */
export const ERROR_CODES = [
  'invalid_value',
  'unknown_parameter',
  'unsupported_parameter',
  'invalid_json',
  'context_length_exceeded',
  'chat_template_error',
  'unauthorized',
  'invalid_api_key',
  'forbidden',
  'rate_limit_exceeded',
  'insufficient_quota',
  'key_not_found',
  'model_not_found',
  'file_not_found',
  'batch_not_found',
  'completion_not_found',
  'unknown_url',
  'method_not_allowed',
  'request_too_large',
  'timeout',
  'unsupported_media_type',

  'model_unavailable',
  'memory_limit_exceeded',
  'overloaded',
  'storage_unavailable',
  'stopped',
  'not_configured',
  'engine_unavailable',
  'internal_error',

  'invalid_file',
  'unsupported_model',
  'command_failed',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * The class of all errors that gpt-edge throws on purpose.
 * @example
 * try {
 *   await R2ModelFiles.open(env.MODELS, id);
 * } catch (error) {
 *   if (!(error instanceof GptEdgeError) || error.code !== 'model_not_found') throw error;
 *   return new Response(error.message, { status: 404 });
 * }
 */
export class GptEdgeError extends Error {
  override readonly name = 'GptEdgeError';
  readonly code: ErrorCode;
  /** The request field, option or file at fault; null if there is none to name. */
  readonly param: string | null;
  /** After how many seconds the same request may succeed; null where time alone does not help. */
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, options: { param?: string; cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}
