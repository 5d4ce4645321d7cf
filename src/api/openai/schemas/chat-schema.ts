import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_WINDOW } from '../../../core/limits.ts';
import { promptTokenIdsField, returnTokenIdsField, stoppedByField, storedField, tokenIdsField, usageSchema } from './answer-fields.ts';
import { answerFormatFields } from './answer-format.ts';
import { checkMessages } from './check-messages.ts';
import { checkTogether, commonFields } from './common-fields.ts';
import { contentSchema } from './content-schema.ts';
import { documentDefault, ignored, integerBetween } from './field-types.ts';
import { ignoredFields, unsupportedFields, unsupportedMessageFields } from './openai-fields.ts';
import { samplingFields } from './sampling-fields.ts';
import { checkTemplateFields, templateFields } from './template-fields.ts';
import { checkTools, toolFields, toolMessageFields } from './tool-schema.ts';

/** The most messages of a chat: more than fit into the context window of any small model. */
const MAX_MESSAGES = 1024;

/** A chat request without a token limit gets what is left of the context window, but no more than this. */
export const DEFAULT_CHAT_MAX_TOKENS = 1024;

const messageSchema = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']).openapi({ description: '`developer` is the same as `system`.' }),
  content: contentSchema.nullish().openapi({ description: 'Only an assistant may have said nothing.' }),
  ...toolMessageFields,
  reasoning_content: z.string().nullish().openapi({ description: 'What the assistant thought, for templates that show it.' }),
  name: ignored(z.string()),
  refusal: z.literal(['', null], { error: 'must be null or empty' }).optional().openapi({ description: 'Accepted, without effect.' }),
  ...unsupportedMessageFields,
});

const predictionSchema = z
  .strictObject({ type: z.literal('content'), content: contentSchema })
  .nullish()
  .openapi({ description: 'A text that the answer will be like. Where it is, the answer takes less time; its text is the same.' });

const tokenCount = integerBetween(1, MAX_CONTEXT_WINDOW).nullish();

export const chatRequestSchema = z
  .strictObject({
    ...commonFields,
    ...samplingFields,
    ...returnTokenIdsField,
    ...ignoredFields,
    ...unsupportedFields,
    ...answerFormatFields,
    ...toolFields,
    ...templateFields,
    messages: z.array(messageSchema).min(1, 'must not be empty').max(MAX_MESSAGES, `has at most ${MAX_MESSAGES} messages`),
    max_completion_tokens: tokenCount.openapi({
      description: `Default: what is left of the context window, at most ${DEFAULT_CHAT_MAX_TOKENS}.`,
    }),
    max_tokens: tokenCount.openapi({ description: 'The older name of max_completion_tokens.' }),
    prediction: predictionSchema,
    logprobs: z.boolean().nullish().openapi(documentDefault('Report log-probabilities.', false)),
    top_logprobs: integerBetween(0, 20).nullish().openapi({ description: 'Alternatives to report with each token; needs logprobs.' }),
  })
  .superRefine((request, context) => {
    checkTogether(request, context);
    checkMessages(request.messages, context);
    checkTools(request, context);
    checkTemplateFields(request, context);
    const { logprobs, top_logprobs, max_tokens, max_completion_tokens } = request;
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (top_logprobs != null && !logprobs) refuse('top_logprobs', 'only allowed when logprobs is true');
    if (max_tokens != null && max_completion_tokens != null) refuse('max_tokens', 'not allowed together with max_completion_tokens');
  })
  .openapi('ChatCompletionRequest', {
    example: { messages: [{ role: 'user', content: 'Tell me a story about a dragon.' }], seed: 1 },
  });

const tokenLogprobSchema = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(z.number().int()) });

const chatLogprobsSchema = z
  .object({
    content: z.array(tokenLogprobSchema.extend({ top_logprobs: z.array(tokenLogprobSchema) })),
    refusal: z.null(),
  })
  .openapi('ChatLogprobs');

const finishReasonSchema = z.enum(['stop', 'length', 'tool_calls']);

const functionCallSchema = z.object({ name: z.string(), arguments: z.string().openapi({ description: 'JSON.' }) });
const customCallSchema = z.object({ name: z.string(), input: z.string() });
const answerCallSchema = z.discriminatedUnion('type', [
  z.object({ id: z.string(), type: z.literal('function'), function: functionCallSchema }),
  z.object({ id: z.string(), type: z.literal('custom'), custom: customCallSchema }),
]);
/** The first part of a call has its id and name, and the others have its arguments or its input in pieces. */
const callDeltaSchema = z.object({
  index: z.number().int(),
  id: z.string().optional(),
  type: z.enum(['function', 'custom']).optional(),
  function: functionCallSchema.partial().optional(),
  custom: customCallSchema.partial().optional(),
});

const reasoningField = z
  .string()
  .optional()
  .openapi({ description: 'What the model thought before it answered, of models that do so between tags.' });

const envelope = { id: z.string(), created: z.number().int(), model: z.string(), system_fingerprint: z.string() };

export const chatCompletionSchema = z
  .object({
    ...envelope,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: z.number().int(),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string().nullable().openapi({ description: 'null if the answer only calls tools.' }),
          refusal: z.null(),
          reasoning_content: reasoningField,
          tool_calls: z.array(answerCallSchema).optional(),
        }),
        logprobs: chatLogprobsSchema.nullable(),
        token_ids: tokenIdsField,
        finish_reason: finishReasonSchema,
      }),
    ),
    prompt_token_ids: promptTokenIdsField,
    usage: usageSchema,
    gpt_edge: stoppedByField,
  })
  .openapi('ChatCompletion');

/** A stored chat completion. Before its first event it has no more than its id. */
export const storedChatSchema = chatCompletionSchema
  .partial()
  .extend({ id: z.string(), object: z.literal('chat.completion'), gpt_edge: storedField })
  .openapi('StoredChatCompletion');

export const chatChunkSchema = z
  .object({
    ...envelope,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: z.number().int(),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().nullable().optional(),
          refusal: z.null().optional(),
          reasoning_content: reasoningField,
          tool_calls: z.array(callDeltaSchema).optional(),
        }),
        logprobs: chatLogprobsSchema.nullable(),
        token_ids: tokenIdsField,
        finish_reason: finishReasonSchema.nullable(),
      }),
    ),
    prompt_token_ids: promptTokenIdsField,
    usage: usageSchema.nullish(),
    gpt_edge: stoppedByField,
  })
  .openapi('ChatCompletionChunk');

export type ChatWireRequest = z.infer<typeof chatRequestSchema>;
export type ChatCompletion = z.infer<typeof chatCompletionSchema>;
export type ChatChunk = z.infer<typeof chatChunkSchema>;
export type ChatChunkChoice = ChatChunk['choices'][number];
export type ChatCallDelta = z.infer<typeof callDeltaSchema>;
export type ChatLogprobs = z.infer<typeof chatLogprobsSchema>;
