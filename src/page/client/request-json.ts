import { ApiError } from './api-error.ts';

/**
 * Asks the API. With a body it is a POST.
 * @throws ApiError for what the API refuses and for a server that cannot be reached; the signal's reason once it is aborted
 */
export async function request(path: string, body?: object, signal?: AbortSignal): Promise<Response> {
  const init = body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {};
  const answer = await fetch(path, { ...init, signal }).catch((error: Error) => {
    signal?.throwIfAborted();
    throw new ApiError(`The server cannot be reached: ${error.message}`, { code: 'unreachable' });
  });
  if (!answer.ok) throw ApiError.from(await answer.json().catch(() => null), answer.status);
  return answer;
}

/** The same, for an answer of JSON. */
export async function requestJson<T>(path: string, body?: object, signal?: AbortSignal): Promise<T> {
  return (await request(path, body, signal)).json() as Promise<T>;
}
