import { z } from '@hono/zod-openapi';
import { errorObjectSchema } from './bodies.ts';
import { documentDefault } from './field-types.ts';

/** The request field that asks for {@link tokenIdsField} and {@link promptTokenIdsField} in the answer. */
export const returnTokenIdsField = {
  return_token_ids: z
    .boolean()
    .nullish()
    .openapi(
      documentDefault(
        'Also return `token_ids` and `prompt_token_ids`, as vLLM does. A later request can continue from exactly these tokens.',
        false,
      ),
    ),
};

/** In a stream, each chunk has the ids of its own tokens. */
export const tokenIdsField = z.array(z.number().int()).optional().openapi({
  description: 'Ids of the tokens whose text is in this choice, an end-of-sequence token included. Only with `return_token_ids`.',
});

/**
 * In a stream, only the first chunk has it: the first of each choice in a completion, and the first of the whole answer
 * in a chat.
 */
export const promptTokenIdsField = z
  .array(z.number().int())
  .optional()
  .openapi({ description: 'Ids of the tokens that the model read. Only with `return_token_ids`.' });

/** What gpt-edge says of an answer beyond OpenAI's fields. */
export const stoppedByField = z
  .object({ stopped_by: z.enum(['cpu_budget']).openapi({ description: 'The CPU time of CPU_BUDGET_MS was spent.' }) })
  .optional()
  .openapi({ description: 'Present if a choice ended early: its `finish_reason` is `length`. In a stream, the chunk with it has this.' });

/** What gpt-edge says of a stored answer. */
export const storedField = z.object({
  status: z.enum(['in_progress', 'completed', 'failed']),
  last_event_id: z.string().openapi({ description: 'With it as `Last-Event-ID`, a stream goes on behind what is here.' }),
  error: errorObjectSchema.optional().openapi({ description: 'Why it failed.' }),
});

/** gpt-edge's own part of the usage. */
export const costSchema = z
  .object({
    multiply_adds: z.number().int().openapi({ description: 'Those that the model has computed for the request.' }),
    slices: z.number().int().optional().openapi({ description: 'Into how many calls of an engine object the completion was cut.' }),
    object: z.string().optional().openapi({ description: 'The engine object that has computed it, at the end if there were several.' }),
    cpu_budget_left_ms: z
      .number()
      .int()
      .optional()
      .openapi({ description: 'CPU milliseconds that were left at the end, by estimate, before the limit or the next slice.' }),
  })
  .openapi({ description: 'What the request has cost.' });

export const usageSchema = z
  .object({
    prompt_tokens: z.number().int(),
    completion_tokens: z.number().int(),
    total_tokens: z.number().int(),
    prompt_tokens_details: z.object({
      cached_tokens: z.number().int().openapi({ description: 'Tokens of the prompts that were computed for earlier requests.' }),
    }),
    completion_tokens_details: z.object({
      accepted_prediction_tokens: z.number().int().openapi({ description: 'Tokens that were drafted, and then generated.' }),
      rejected_prediction_tokens: z.number().int().openapi({ description: 'Tokens that were drafted, and turned out otherwise.' }),
    }),
    gpt_edge: costSchema,
  })
  .openapi('Usage');

export type Usage = z.infer<typeof usageSchema>;
