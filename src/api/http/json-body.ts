import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';
import { GptEdgeError } from '../../core/errors.ts';

/** A prompt that fills the largest context windows as token ids stays below it. */
const MAX_BODY_BYTES = 2 ** 20;

/** The validator would read a POST with neither content type nor body as `{}`, and generate from nothing. */
const requireContentType = createMiddleware(async (c, next) => {
  if (c.req.header('content-type') === undefined) throw new HTTPException(415);
  await next();
});

/** What a route that takes JSON puts before its validator. */
export const jsonBodyMiddleware = [
  requireContentType,
  bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new GptEdgeError('request_too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes.`);
    },
  }),
];
