/** Why the API gave no answer that the page can use, in a sentence that the page shows as it is. */
export class ApiError extends Error {
  /** The request field at fault, as the API names it; null if the error is about no single field. */
  readonly param: string | null;

  constructor(message: string, param: string | null = null) {
    super(message);
    this.param = param;
  }

  /**
   * Reads OpenAI's error format.
   * @param body the parsed JSON of an answer or of a stream's event; null if it was not JSON
   */
  static from(body: unknown, status?: number): ApiError {
    const error = (body as { error?: { message: string; param: string | null } } | null)?.error;
    if (error) return new ApiError(error.message, error.param);
    return new ApiError(status === undefined ? 'The server’s answer cannot be read.' : `The server answered with status ${status}.`);
  }
}

/**
 * Sends a request to the API: a POST with `body` as JSON, or a GET without one.
 * @throws ApiError if the API refuses the request or the server cannot be reached
 * @throws the signal's reason if it is aborted
 */
export async function request(path: string, body?: object, signal?: AbortSignal): Promise<Response> {
  const init = body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {};
  const answer = await fetch(path, { ...init, signal }).catch((error: Error) => {
    signal?.throwIfAborted();
    throw new ApiError(`The server cannot be reached: ${error.message}`);
  });
  if (!answer.ok) throw ApiError.from(await answer.json().catch(() => null), answer.status);
  return answer;
}

/** Like {@link request}, for an answer in JSON. */
export async function requestJson<T>(path: string, body?: object, signal?: AbortSignal): Promise<T> {
  return (await request(path, body, signal)).json() as Promise<T>;
}
