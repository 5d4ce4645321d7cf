import type { Context } from 'hono';
import { every } from 'hono/combine';
import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';
import { GptEdgeError } from '../../core/errors.ts';
import { steadyNow } from '../../core/steady-clock.ts';
import { within } from '../../core/within.ts';
import { invalidJson } from './errors.ts';

/** A prompt of token ids that fills the largest context window still fits. */
export const MAX_BODY_BYTES = 2 ** 20;
/** Milliseconds for the whole body. A megabyte takes some seconds over a slow line; who needs longer holds a place for nothing. */
export const MAX_BODY_MS = 30_000;

/**
 * Without it, the validator would read a POST that has neither content type nor body as `{}`, and generate from
 * nothing.
 */
const requireContentType = createMiddleware(async (c, next) => {
  if (c.req.header('content-type') === undefined) throw new HTTPException(415);
  await next();
});

/**
 * Reads the body, so that whatever is wrong with its transfer is the client's error and not the server's: chunks that
 * are not well-formed, or a connection that ended too early.
 */
const readBody = createMiddleware(async (c, next) => {
  const { body, signal } = c.req.raw;
  if (Number(c.req.header('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  try {
    const bytes = await readLimited(body);
    // Hono declares the values of its cache without the promises that it keeps there.
    c.req.bodyCache.arrayBuffer = Promise.resolve(bytes) as unknown as ArrayBuffer;
  } catch (cause) {
    if (cause instanceof GptEdgeError || signal.aborted) throw cause;
    throw unreadableBody(cause);
  }
  await next();
});

async function readLimited(body: ReadableStream<Uint8Array> | null): Promise<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = body?.getReader();
  const end = steadyNow() + MAX_BODY_MS;
  try {
    while (reader) {
      const { done, value } = await within(reader.read(), end - steadyNow(), bodyTooSlow);
      if (done) break;
      length += value.length;
      if (length > MAX_BODY_BYTES) throw tooLarge();
      chunks.push(value as Uint8Array<ArrayBuffer>);
    }
    return new Blob(chunks).arrayBuffer();
  } finally {
    // What has not been read by now is not wanted.
    reader?.cancel().catch(() => {});
  }
}

export const tooLarge = () => new GptEdgeError('request_too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes.`);

export const bodyTooSlow = () => new GptEdgeError('timeout', `The request body took over ${MAX_BODY_MS} ms.`);

/** What is wrong with a body that broke off while it was read. */
export const unreadableBody = (cause: unknown) =>
  new GptEdgeError(
    'invalid_json',
    'The request body could not be read to its end: it is shorter than announced, or its chunks are not well-formed.',
    { cause },
  );

/** The middleware that every route with a JSON body runs before its validator. */
export const jsonBodyMiddleware = [requireContentType, readBody];

/** The same as one middleware, for a route that is not declared to OpenAPI. It reads the body with `readJson`. */
export const jsonBody = every(...jsonBodyMiddleware);

/** The JSON of a body. @throws GptEdgeError `invalid_json` */
export const readJson = (c: Context): Promise<unknown> =>
  c.req.json().catch(() => {
    throw invalidJson();
  });
