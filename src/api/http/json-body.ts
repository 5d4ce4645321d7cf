import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';
import { GptEdgeError } from '../../core/errors.ts';

/** A prompt of token ids that fills the largest context window still fits. */
const MAX_BODY_BYTES = 2 ** 20;

/**
 * Without it, the validator would read a POST that has neither content type nor body as `{}`, and generate from
 * nothing.
 */
const requireContentType = createMiddleware(async (c, next) => {
  if (c.req.header('content-type') === undefined) throw new HTTPException(415);
  await next();
});

/** The middleware that every route with a JSON body runs before its validator. */
export const jsonBodyMiddleware = [
  requireContentType,
  bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new GptEdgeError('request_too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes.`);
    },
  }),
];
