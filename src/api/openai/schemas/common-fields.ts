import { z } from '@hono/zod-openapi';
import { MAX_VOCABULARY } from '../../../core/limits.ts';
import { integerBetween, numberBetween } from './number-between.ts';

/** As many as OpenAI takes; each is looked for at every token. */
const MAX_STOPS = 4;
/** Text of this length is held back at most. */
const MAX_STOP_LENGTH = 256;
/** Entries are applied at every token. */
const MAX_LOGIT_BIASES = 1024;
/** Completions of one prompt, as in OpenAI's API. */
export const MAX_CHOICES = 128;

const stopSchema = z
  .string()
  .min(1, 'a stop string must not be empty')
  .max(MAX_STOP_LENGTH, `a stop string has at most ${MAX_STOP_LENGTH} characters`);

/** Fields that completions and chat completions share. A null is the same as leaving the field out. */
export const samplingFields = {
  model: z
    .string()
    .nullish()
    .openapi({ description: "A served model's id. Default: the first served model.", example: 'tinystories-gpt2' }),
  n: integerBetween(1, MAX_CHOICES).nullish().openapi({ description: 'Completions of each prompt. Default 1.', default: 1 }),
  stream: z.boolean().nullish().openapi({ description: 'Answer with server-sent events as the text comes. Default false.' }),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.literal(false).nullish() }).nullish(),
  stop: z
    .union([stopSchema, z.array(stopSchema).max(MAX_STOPS)], {
      error: `must be a string or up to ${MAX_STOPS} strings, of 1 to ${MAX_STOP_LENGTH} characters each`,
    })
    .nullish()
    .openapi({ description: 'Text that ends a completion and is not part of it.' }),
  seed: integerBetween(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    .nullish()
    .openapi({ description: 'The same seed gives the same text. Default: random.' }),
  temperature: numberBetween(0, 2)
    .nullish()
    .openapi({ description: "0 takes the most probable token. Default: the model's, else 1.", 'x-fallback': 1 }),
  top_p: numberBetween(0, 1)
    .nullish()
    .openapi({ description: "Keep the most probable tokens up to this sum. Default: the model's, else 1.", 'x-fallback': 1 }),
  top_k: integerBetween(0, MAX_VOCABULARY)
    .nullish()
    .openapi({ description: "Keep the k most probable tokens, 0 all. Default: the model's, else 0.", 'x-fallback': 0 }),
  min_p: numberBetween(0, 1)
    .nullish()
    .openapi({ description: "Keep tokens at least this fraction as probable as the best. Default: the model's, else 0.", 'x-fallback': 0 }),
  frequency_penalty: numberBetween(-2, 2)
    .nullish()
    .openapi({ description: 'Lowers the logit of a token for each time it was generated. Default 0.', default: 0 }),
  presence_penalty: numberBetween(-2, 2)
    .nullish()
    .openapi({ description: 'Lowers the logit of a token once it was generated. Default 0.', default: 0 }),
  repetition_penalty: numberBetween(0.01, 10)
    .nullish()
    .openapi({ description: "Makes tokens of prompt and completion less probable. Default: the model's, else 1.", 'x-fallback': 1 }),
  logit_bias: z
    .record(z.string().regex(/^(0|[1-9]\d{0,6})$/), numberBetween(-100, 100), { error: 'must be an object that maps token ids to numbers' })
    .refine((biases) => Object.keys(biases).length <= MAX_LOGIT_BIASES, `has at most ${MAX_LOGIT_BIASES} entries`)
    .nullish()
    .openapi({ description: 'Added to the logits of token ids.' }),
  return_token_ids: z.boolean().nullish().openapi({
    description: 'Answer with `token_ids` and `prompt_token_ids` too, as vLLM does: what to go on from exactly. Default false.',
  }),
};

/** What a choice has where the request wants token ids; in a stream each chunk has its own tokens'. */
export const tokenIdsField = z.array(z.number().int()).optional().openapi({
  description: 'Ids of the tokens whose text is in this choice, an end-of-sequence token included. Only with `return_token_ids`.',
});

/** In a stream in the first chunk alone. */
export const promptTokenIdsField = z
  .array(z.number().int())
  .optional()
  .openapi({ description: 'Ids of the tokens that the model read. Only with `return_token_ids`.' });

type Checked = { stream?: boolean | null; stream_options?: unknown };

/** OpenAI's rule, too: options of a stream without one are a mistake. */
export function checkStreamOptions({ stream, stream_options }: Checked, context: z.core.$RefinementCtx): void {
  if (stream_options != null && !stream)
    context.addIssue({ code: 'custom', path: ['stream_options'], message: 'only allowed when stream is true' });
}
