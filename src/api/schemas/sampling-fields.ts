import { z } from '@hono/zod-openapi';
import { MAX_VOCABULARY } from '../../model/limits.ts';

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
  n: z.number().int().min(1).max(MAX_CHOICES).nullish().openapi({ description: 'Completions of each prompt. Default 1.' }),
  stream: z.boolean().nullish().openapi({ description: 'Answer with server-sent events as the text comes. Default false.' }),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.literal(false).nullish() }).nullish(),
  stop: z
    .union([stopSchema, z.array(stopSchema).max(MAX_STOPS)], {
      error: `must be a string or up to ${MAX_STOPS} strings, of 1 to ${MAX_STOP_LENGTH} characters each`,
    })
    .nullish()
    .openapi({ description: 'Text that ends a completion and is not part of it.' }),
  seed: z
    .number()
    .int()
    .min(Number.MIN_SAFE_INTEGER)
    .max(Number.MAX_SAFE_INTEGER)
    .nullish()
    .openapi({ description: 'The same seed gives the same text. Default: random.' }),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullish()
    .openapi({ description: "0 takes the most probable token. Default: the model's, else 1." }),
  top_p: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .openapi({ description: "Keep the most probable tokens up to this sum. Default: the model's, else 1." }),
  top_k: z
    .number()
    .int()
    .min(0)
    .max(MAX_VOCABULARY)
    .nullish()
    .openapi({ description: "Keep the k most probable tokens, 0 all. Default: the model's, else 0." }),
  min_p: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .openapi({ description: "Keep tokens at least this fraction as probable as the best. Default: the model's, else 0." }),
  frequency_penalty: z
    .number()
    .min(-2)
    .max(2)
    .nullish()
    .openapi({ description: 'Lowers the logit of a token for each time it was generated. Default 0.' }),
  presence_penalty: z
    .number()
    .min(-2)
    .max(2)
    .nullish()
    .openapi({ description: 'Lowers the logit of a token once it was generated. Default 0.' }),
  repetition_penalty: z
    .number()
    .gt(0)
    .max(10)
    .nullish()
    .openapi({ description: "Makes tokens of prompt and completion less probable. Default: the model's, else 1." }),
  logit_bias: z
    .record(z.string().regex(/^\d{1,7}$/, 'keys are token ids'), z.number().min(-100).max(100))
    .refine((biases) => Object.keys(biases).length <= MAX_LOGIT_BIASES, `has at most ${MAX_LOGIT_BIASES} entries`)
    .nullish()
    .openapi({ description: 'Added to the logits of token ids.' }),
};
