import { z } from '@hono/zod-openapi';
import { documentDefault, integerBetween } from './field-types.ts';

/** OpenAI accepts 4, but other servers more, and so clients send more. Each is searched for after every token. */
const MAX_STOPS = 16;
/** The longest stop string. A stream may have to hold back as many characters while they could still become one. */
const MAX_STOP_LENGTH = 256;
/** The longest key of a cache's part. OpenAI's are shorter; a UUID has 36 characters. */
const MAX_CACHE_KEY_LENGTH = 256;
/** The longest time that a request may give itself: an hour, in milliseconds. No platform lets one run for longer. */
const MAX_TIMEOUT = 3_600_000;
/** The most choices of one answer (prompts times `n`), as in OpenAI's API. Each is a completion of its own. */
export const MAX_CHOICES = 128;

const stopSchema = z
  .string()
  .min(1, 'a stop string must not be empty')
  .max(MAX_STOP_LENGTH, `a stop string has at most ${MAX_STOP_LENGTH} characters`);

/**
 * The fields, other than those of sampling, that completions and chat completions share. A null is the same as leaving
 * one out.
 */
export const commonFields = {
  model: z
    .string()
    .nullish()
    .openapi({ description: "A served model's id. Default: the first served model.", example: 'tinystories-gpt2' }),
  n: integerBetween(1, MAX_CHOICES).nullish().openapi(documentDefault('Completions of each prompt.', 1)),
  stream: z.boolean().nullish().openapi(documentDefault('Answer with server-sent events while the text is generated.', false)),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.literal(false).nullish() }).nullish(),
  stop: z
    .union([stopSchema, z.array(stopSchema).max(MAX_STOPS)], {
      error: `must be a string or up to ${MAX_STOPS} strings, of 1 to ${MAX_STOP_LENGTH} characters each`,
    })
    .nullish()
    .openapi({ description: 'Text that ends a completion and is not part of it.' }),
  prompt_cache_key: z.string().max(MAX_CACHE_KEY_LENGTH, `has at most ${MAX_CACHE_KEY_LENGTH} characters`).nullish().openapi({
    description: 'What is computed of the prompts is reused for requests with the same key alone. Default: for all without a key.',
  }),
  store: z
    .boolean()
    .nullish()
    .openapi(
      documentDefault(
        'Keep the answer for a while: it is made although its client may leave, and can be read again by its id. It needs engine objects.',
        false,
      ),
    ),
  timeout_ms: integerBetween(1, MAX_TIMEOUT)
    .nullish()
    .openapi({ description: 'Milliseconds after which the request ends with the error `timeout`. Default: none.' }),
};

type Checked = { stream?: boolean | null; stream_options?: unknown };

/**
 * Checks what fields must have to do with each other. Stream options without a stream must be a mistake; OpenAI has the
 * same rule.
 */
export function checkTogether(request: Checked, context: z.core.$RefinementCtx): void {
  if (request.stream_options != null && !request.stream)
    context.addIssue({ code: 'custom', path: ['stream_options'], message: 'only allowed when stream is true' });
}
