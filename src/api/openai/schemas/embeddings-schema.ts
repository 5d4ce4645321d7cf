import { z } from '@hono/zod-openapi';
import { MAX_DIMENSION } from '../../../core/limits.ts';
import { documentDefault, ignored, integerBetween } from './field-types.ts';
import { tokenIdsSchema } from './prompt-schema.ts';

/** The most texts of a request, as in OpenAI's API: some clients send as many as that at once. */
const MAX_INPUTS = 2048;

const textSchema = z.string().min(1, 'an empty text has no embedding');

export const embeddingsRequestSchema = z
  .strictObject({
    model: z.string().nullish().openapi({ description: "A served model's id. Default: the first served model." }),
    input: z
      .union([textSchema, z.array(textSchema).min(1).max(MAX_INPUTS), tokenIdsSchema, z.array(tokenIdsSchema).min(1).max(MAX_INPUTS)], {
        error: `must be a text, token ids, or an array of up to ${MAX_INPUTS} of either`,
      })
      .openapi({ description: 'Texts or token ids, each with an embedding of its own.', example: 'Once upon a time' }),
    dimensions: integerBetween(1, MAX_DIMENSION)
      .nullish()
      .openapi({ description: "Only the model's own number is accepted: no model here was trained to have its embeddings cut." }),
    encoding_format: z
      .enum(['float', 'base64'])
      .nullish()
      .openapi(documentDefault('`base64` gives the numbers as float32, little-endian.', 'float')),
    user: ignored(z.string()),
  })
  .openapi('EmbeddingsRequest', { example: { input: ['Once upon a time', 'The dog went home.'] } });

export const embeddingsSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.number().int(),
        embedding: z.union([z.array(z.number()), z.string()]).openapi({ description: 'A vector of length 1.' }),
      }),
    ),
    model: z.string(),
    usage: z.object({ prompt_tokens: z.number().int(), total_tokens: z.number().int() }),
  })
  .openapi('Embeddings');

export type EmbeddingsRequest = z.infer<typeof embeddingsRequestSchema>;
export type Embeddings = z.infer<typeof embeddingsSchema>;
