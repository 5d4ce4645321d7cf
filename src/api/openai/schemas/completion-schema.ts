import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_WINDOW } from '../../../core/limits.ts';
import { promptTokenIdsField, returnTokenIdsField, stoppedByField, storedField, tokenIdsField, usageSchema } from './answer-fields.ts';
import { answerFormatFields } from './answer-format.ts';
import { checkTogether, commonFields, MAX_CHOICES } from './common-fields.ts';
import { documentDefault, integerBetween } from './field-types.ts';
import { ignoredFields, unsupportedCompletionFields, unsupportedFields } from './openai-fields.ts';
import { promptsSchema } from './prompt-schema.ts';
import { samplingFields } from './sampling-fields.ts';

/** The fallback of `max_tokens`, as in OpenAI's API. */
export const DEFAULT_MAX_TOKENS = 16;

/** The most alternatives to a token, as in vLLM. OpenAI's API has 5, and 20 in chats. */
const MAX_LOGPROBS = 20;

export const completionRequestSchema = z
  .strictObject({
    ...commonFields,
    ...samplingFields,
    ...returnTokenIdsField,
    ...ignoredFields,
    ...unsupportedFields,
    ...unsupportedCompletionFields,
    ...answerFormatFields,
    best_of: integerBetween(1, MAX_CHOICES)
      .nullish()
      .openapi({ description: 'Completions to make of each prompt, of which the `n` most probable per token are returned. Default: `n`.' }),
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
    prompt_logprobs: integerBetween(0, MAX_LOGPROBS).nullish().openapi({
      description: "Report the log-probabilities of the prompt's own tokens, and those of this many alternatives, as vLLM does.",
    }),
    suffix: z.string().nullish().openapi({
      description: 'Text that comes after the completion. Only for models that were trained to fill in the middle.',
    }),
  })
  .superRefine((request, context) => {
    checkTogether(request, context);
    const { best_of, n, stream, echo, suffix, prompt_logprobs } = request;
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const kept = n ?? 1;
    if (best_of != null && best_of < kept) refuse('best_of', 'must be at least n');
    // Which completions are the best is known when all have ended.
    if (best_of != null && best_of > kept && stream) refuse('best_of', 'must be n when stream is true');
    if (prompt_logprobs != null && stream) refuse('prompt_logprobs', 'not allowed when stream is true');
    if (suffix && echo) refuse('suffix', 'not allowed when echo is true');
  })
  .openapi('CompletionRequest', { example: { prompt: 'Once upon a time', max_tokens: 100, seed: 1 } });

const legacyLogprobsSchema = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
    text_offset: z.array(z.number().int()).openapi({ description: 'In UTF-16 code units from the beginning of `text`.' }),
  })
  .openapi('LegacyLogprobs');

const promptLogprobSchema = z
  .object({
    logprob: z.number(),
    rank: z.number().int().openapi({ description: 'The place among all tokens, the most probable one at 1.' }),
    decoded_token: z.string(),
  })
  .openapi('PromptLogprob');

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
        prompt_logprobs: z.array(z.record(z.string(), promptLogprobSchema).nullable()).optional().openapi({
          description:
            'For each token of the prompt, its log-probability and those of alternatives, by their ids. The first token has none.',
        }),
        finish_reason: z.enum(['stop', 'length']).nullable().openapi({ description: 'null in the chunks of a stream but the last.' }),
      }),
    ),
    usage: usageSchema.nullish(),
    gpt_edge: stoppedByField,
  })
  .openapi('Completion');

/** A stored completion. Before its first event it has no more than its id. */
export const storedCompletionSchema = completionSchema
  .partial()
  .extend({ id: z.string(), object: z.literal('text_completion'), gpt_edge: storedField })
  .openapi('StoredCompletion');

export type CompletionWireRequest = z.infer<typeof completionRequestSchema>;
export type Completion = z.infer<typeof completionSchema>;
export type CompletionChoice = Completion['choices'][number];
export type PromptLogprobs = NonNullable<CompletionChoice['prompt_logprobs']>;
export type LegacyLogprobs = z.infer<typeof legacyLogprobsSchema>;
