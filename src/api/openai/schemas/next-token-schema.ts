import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_WINDOW } from '../../../core/limits.ts';
import { answerFormatFields } from './answer-format.ts';
import { documentDefault, integerBetween } from './field-types.ts';
import { singlePromptSchema } from './prompt-schema.ts';

/**
 * The most tokens that an answer lists. It is enough to draw the beginning of a distribution; `rest_probability` sums
 * up the rest.
 */
const MAX_TOP_K = 1000;
export const DEFAULT_TOP_K = 10;

export const nextTokenRequestSchema = z
  .strictObject({
    model: z.string().nullish(),
    prompt: singlePromptSchema
      .nullish()
      .openapi({ description: "Text or token ids. Default: the model's end-of-text token.", example: 'Once upon a time' }),
    top_k: integerBetween(1, MAX_TOP_K)
      .nullish()
      .openapi(documentDefault('How many tokens to return, the most probable first.', DEFAULT_TOP_K)),
    response_format: answerFormatFields.response_format,
    answer_tokens: integerBetween(0, MAX_CONTEXT_WINDOW)
      .nullish()
      .openapi(documentDefault("How many of the prompt's last tokens are the answer so far, which `response_format` concerns.", 0)),
  })
  .openapi('NextTokenRequest', { example: { prompt: 'Once upon a time', top_k: 5 } });

const tokenProbabilitySchema = z
  .object({
    id: z.number().int(),
    token: z.string().openapi({ description: 'Its text, or `bytes:\\xe2\\x80` for a part of a character.' }),
    bytes: z.array(z.number().int()),
    probability: z.number(),
    logprob: z.number(),
    end_of_sequence: z.boolean(),
    allowed: z.boolean().optional().openapi({ description: 'Whether the answer may go on with it, or end. Only with `response_format`.' }),
  })
  .openapi('TokenProbability');

export const nextTokenAnswerSchema = z
  .object({
    object: z.literal('next_token'),
    model: z.string(),
    system_fingerprint: z.string(),
    prompt_tokens: z.number().int(),
    tokens: z.array(tokenProbabilitySchema),
    end_of_sequence: z.array(tokenProbabilitySchema).openapi({ description: 'The tokens that would end the text, wherever they rank.' }),
    rest_probability: z.number().openapi({ description: 'The probability of all tokens that are not in `tokens`, together.' }),
  })
  .openapi('NextTokenDistribution');

export type NextTokenRequest = z.infer<typeof nextTokenRequestSchema>;
export type NextTokenAnswer = z.infer<typeof nextTokenAnswerSchema>;
export type TokenProbability = z.infer<typeof tokenProbabilitySchema>;
