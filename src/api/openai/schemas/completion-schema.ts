import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_WINDOW } from '../../../core/limits.ts';
import { promptTokenIdsField, returnTokenIdsField, tokenIdsField, usageSchema } from './answer-fields.ts';
import { answerFormatFields } from './answer-format.ts';
import { checkTogether, commonFields } from './common-fields.ts';
import { documentDefault, integerBetween } from './field-types.ts';
import { ignoredFields, unsupportedCompletionFields, unsupportedFields } from './openai-fields.ts';
import { promptsSchema } from './prompt-schema.ts';
import { samplingFields } from './sampling-fields.ts';

/** The fallback of `max_tokens`, as in OpenAI's API. */
export const DEFAULT_MAX_TOKENS = 16;

/** The most alternatives to a token, as in OpenAI's API. */
const MAX_LOGPROBS = 5;

export const completionRequestSchema = z
  .strictObject({
    ...commonFields,
    ...samplingFields,
    ...returnTokenIdsField,
    ...ignoredFields,
    ...unsupportedFields,
    ...unsupportedCompletionFields,
    ...answerFormatFields,
    prompt: promptsSchema
      .nullish()
      .openapi({ description: "Text or token ids to go on from. Default: the model's end-of-text token.", example: 'Once upon a time' }),
    max_tokens: integerBetween(0, MAX_CONTEXT_WINDOW).nullish().openapi(documentDefault('', DEFAULT_MAX_TOKENS)),
    echo: z.boolean().nullish().openapi(documentDefault('Put the prompt before the completion.', false)),
    logprobs: z
      .union([integerBetween(0, MAX_LOGPROBS), z.literal(false)], { error: `must be a whole number from 0 to ${MAX_LOGPROBS}` })
      .nullish()
      // In a chat, false is how a client asks for none.
      .transform((count) => (count === false ? null : count))
      .openapi({ description: 'Report log-probabilities, and those of this many alternatives.' }),
  })
  .superRefine(checkTogether)
  .openapi('CompletionRequest', { example: { prompt: 'Once upon a time', max_tokens: 100, seed: 1 } });

const legacyLogprobsSchema = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
    text_offset: z.array(z.number().int()).openapi({ description: 'In UTF-16 code units from the beginning of `text`.' }),
  })
  .openapi('LegacyLogprobs');

export const completionSchema = z
  .object({
    id: z.string(),
    object: z.literal('text_completion'),
    created: z.number().int(),
    model: z.string(),
    system_fingerprint: z.string(),
    choices: z.array(
      z.object({
        index: z.number().int(),
        text: z.string(),
        logprobs: legacyLogprobsSchema.nullable(),
        token_ids: tokenIdsField,
        prompt_token_ids: promptTokenIdsField,
        finish_reason: z.enum(['stop', 'length']).nullable().openapi({ description: 'null in the chunks of a stream but the last.' }),
      }),
    ),
    usage: usageSchema.nullish(),
  })
  .openapi('Completion');

export type CompletionWireRequest = z.infer<typeof completionRequestSchema>;
export type Completion = z.infer<typeof completionSchema>;
export type CompletionChoice = Completion['choices'][number];
export type LegacyLogprobs = z.infer<typeof legacyLogprobsSchema>;
