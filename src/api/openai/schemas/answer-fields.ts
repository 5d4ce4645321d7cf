import { z } from '@hono/zod-openapi';
import { documentDefault } from './field-types.ts';

/** The request field that asks for {@link tokenIdsField} and {@link promptTokenIdsField} in the answer. */
export const returnTokenIdsField = {
  return_token_ids: z
    .boolean()
    .nullish()
    .openapi(documentDefault('Answer with `token_ids` and `prompt_token_ids` too, as vLLM does: what to go on from exactly.', false)),
};

/** In a stream, each chunk has the ids of its own tokens. */
export const tokenIdsField = z.array(z.number().int()).optional().openapi({
  description: 'Ids of the tokens whose text is in this choice, an end-of-sequence token included. Only with `return_token_ids`.',
});

/** In a stream, only the first chunk has it: of each choice in a completion, of the whole answer in a chat. */
export const promptTokenIdsField = z
  .array(z.number().int())
  .optional()
  .openapi({ description: 'Ids of the tokens that the model read. Only with `return_token_ids`.' });

export const usageSchema = z
  .object({
    prompt_tokens: z.number().int(),
    completion_tokens: z.number().int(),
    total_tokens: z.number().int(),
  })
  .openapi('Usage');

export type Usage = z.infer<typeof usageSchema>;
