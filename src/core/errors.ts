/**
 * Every way gpt-edge fails on purpose. The first group is the caller's doing, the second the deployment's, the third
 * belongs to the command-line tools. `api/` gives each of the first two an HTTP status.
 */
export const ERROR_CODES = [
  'invalid_value',
  'unknown_parameter',
  'unsupported_parameter',
  'invalid_json',
  'context_length_exceeded',
  'chat_template_error',
  'unauthorized',
  'model_not_found',
  'unknown_url',
  'method_not_allowed',
  'request_too_large',
  'unsupported_media_type',

  'model_unavailable',
  'memory_limit_exceeded',
  'internal_error',

  'invalid_file',
  'unsupported_model',
  'command_failed',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** The one error class. `param` names the request field, option or file at fault. */
export class GptEdgeError extends Error {
  override readonly name = 'GptEdgeError';
  readonly code: ErrorCode;
  readonly param: string | null;

  constructor(code: ErrorCode, message: string, options: { param?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param ?? null;
  }
}
