import { z } from '@hono/zod-openapi';
import { documentDefault } from './field-types.ts';
import { tokenIdSchema } from './prompt-schema.ts';

const model = z.string().nullish();

export const tokenizeRequestSchema = z
  .strictObject({
    model,
    prompt: z.string().openapi({ description: 'Special tokens spelled in it are plain text.', example: 'Once upon a time' }),
    add_special_tokens: z
      .boolean()
      .nullish()
      .openapi(documentDefault('Add what the tokenizer puts around a sequence, such as a BOS.', true)),
    return_token_strs: z.boolean().nullish().openapi(documentDefault("Also return each token's text.", false)),
  })
  .openapi('TokenizeRequest', { example: { prompt: 'Once upon a time', return_token_strs: true } });

export const tokenizeAnswerSchema = z
  .object({
    count: z.number().int(),
    max_model_len: z.number().int(),
    tokens: z.array(z.number().int()),
    token_strs: z.array(z.string()).nullable(),
  })
  .openapi('Tokens');

export const detokenizeRequestSchema = z
  .strictObject({ model, tokens: z.array(tokenIdSchema) })
  .openapi('DetokenizeRequest', { example: { tokens: [419, 429] } });

export const detokenizeAnswerSchema = z.object({ prompt: z.string() }).openapi('DetokenizedText');

export type TokenizeRequest = z.infer<typeof tokenizeRequestSchema>;
export type TokenizeAnswer = z.infer<typeof tokenizeAnswerSchema>;
export type DetokenizeRequest = z.infer<typeof detokenizeRequestSchema>;
export type DetokenizeAnswer = z.infer<typeof detokenizeAnswerSchema>;
