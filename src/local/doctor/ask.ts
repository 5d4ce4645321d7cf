/** Milliseconds for an answer: a cold isolate that describes its models takes a second or two. */
const TIMEOUT_MS = 20_000;

/** Asks a deployment. @returns the answer, or why there is none */
export async function ask(origin: string, path: string, key?: string): Promise<Response | string> {
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` };
  return fetch(origin + path, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: Error) =>
    error.cause instanceof Error ? error.cause.message : error.message,
  );
}
