import { passHeader, solveChallenge } from './challenge.ts';

/** The code of an error for which no answer came: the server is gone, or the way to it. */
export const UNREACHABLE = 'unreachable';

/**
 * The error of a request that gave no answer that the page can use. Its message is a sentence that the page shows as it
 * is.
 */
export class ApiError extends Error {
  /** The request field at fault, as the API names it; null if the error is about no single field. */
  readonly param: string | null;
  /** The API's code for the error, or {@link UNREACHABLE}; null if there is none. */
  readonly code: string | null;
  /** The answer's HTTP status; null if the error did not come as an answer. */
  readonly status: number | null;

  constructor(message: string, param: string | null = null, code: string | null = null, status: number | null = null) {
    super(message);
    this.param = param;
    this.code = code;
    this.status = status;
  }

  /**
   * Reads OpenAI's error format.
   * @param body the parsed JSON of an answer or of a stream's event; null if it was not JSON
   */
  static from(body: unknown, status?: number): ApiError {
    const error = (body as { error?: { message: string; param: string | null; code?: string | null } } | null)?.error;
    if (error) return new ApiError(error.message, error.param, error.code ?? null, status);
    return new ApiError(
      status === undefined ? 'The server’s answer cannot be read.' : `The server answered with status ${status}.`,
      null,
      null,
      status,
    );
  }

  /** The error for a request or an answer that the network lost. */
  static unreachable({ message }: Error): ApiError {
    return new ApiError(`The server cannot be reached: ${message}`, null, UNREACHABLE);
  }
}

/**
 * Sends a request to the API: a POST with `body` as JSON, or a GET without one. Where the deployment asks people to
 * solve a challenge first, that is done, and the request sent again.
 * @throws ApiError if the API refuses the request or the server cannot be reached
 * @throws the signal's reason if it is aborted
 */
export async function request(path: string, body?: object, signal?: AbortSignal, headers?: Record<string, string>): Promise<Response> {
  const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
  const type: Record<string, string> = body ? { 'content-type': 'application/json' } : {};
  const send = () =>
    fetch(path, { ...init, headers: { ...type, ...headers, ...passHeader() }, signal }).catch((error: Error) => {
      signal?.throwIfAborted();
      throw ApiError.unreachable(error);
    });
  const first = await send();
  const answer = first.status === 401 && (await solveChallenge()) ? await send() : first;
  if (!answer.ok) throw ApiError.from(await answer.json().catch(() => null), answer.status);
  return answer;
}

/** Like {@link request}, for an answer in JSON. */
export async function requestJson<T>(path: string, body?: object, signal?: AbortSignal): Promise<T> {
  const text = await (await request(path, body, signal)).text().catch((error: Error) => {
    signal?.throwIfAborted();
    throw ApiError.unreachable(error);
  });
  try {
    return JSON.parse(text) as T;
  } catch {
    throw ApiError.from(null);
  }
}
