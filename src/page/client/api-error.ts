/** What the API refused, in its own words; `param` names the request's field at fault. */
export class ApiError extends Error {
  readonly code: string;
  readonly param: string | null;

  constructor(message: string, { code = 'internal_error', param = null }: { code?: string; param?: string | null } = {}) {
    super(message);
    this.code = code;
    this.param = param;
  }

  /** From an answer's JSON, or from whatever stood in its place. */
  static from(body: unknown, status?: number): ApiError {
    const error = (body as { error?: { message: string; code: string; param: string | null } } | null)?.error;
    return error ? new ApiError(error.message, error) : new ApiError(`The server answered ${status ?? 'with something unreadable'}.`);
  }
}
