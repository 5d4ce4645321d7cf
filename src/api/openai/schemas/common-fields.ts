import { z } from '@hono/zod-openapi';
import { documentDefault, integerBetween } from './field-types.ts';

/** OpenAI accepts as many. Every one is looked for after every token. */
const MAX_STOPS = 4;
/** A stream may have to hold back this many characters while they could still become the stop string. */
const MAX_STOP_LENGTH = 256;
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
  stream: z.boolean().nullish().openapi(documentDefault('Answer with server-sent events as the text comes.', false)),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.literal(false).nullish() }).nullish(),
  stop: z
    .union([stopSchema, z.array(stopSchema).max(MAX_STOPS)], {
      error: `must be a string or up to ${MAX_STOPS} strings, of 1 to ${MAX_STOP_LENGTH} characters each`,
    })
    .nullish()
    .openapi({ description: 'Text that ends a completion and is not part of it.' }),
};

type Checked = { stream?: boolean | null; stream_options?: unknown };

/** Refuses stream options without a stream, which must be a mistake. OpenAI has the same rule. */
export function checkStreamOptions({ stream, stream_options }: Checked, context: z.core.$RefinementCtx): void {
  if (stream_options != null && !stream)
    context.addIssue({ code: 'custom', path: ['stream_options'], message: 'only allowed when stream is true' });
}
