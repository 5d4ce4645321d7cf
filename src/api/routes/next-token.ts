import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { nextToken } from '../../generation/next-token.ts';
import type { TokenLogprob } from '../../generation/sampling/log-probabilities.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { AppEnv } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { requestedModel } from '../openai/requested-model.ts';
import { jsonBody, jsonContent } from '../openai/schemas/content.ts';
import { errorResponses } from '../openai/schemas/error-schema.ts';
import { integerBetween } from '../openai/schemas/number-between.ts';
import { singlePromptSchema } from '../openai/schemas/prompt-schema.ts';
import { toPromptTokens } from '../openai/to-prompt-tokens.ts';

/** Enough to draw a distribution's head; the rest is told as one sum. */
const MAX_TOP_K = 1000;
const DEFAULT_TOP_K = 10;

const tokenSchema = z
  .object({
    id: z.number().int(),
    token: z.string().openapi({ description: 'Its text, or `bytes:\\xe2\\x80` for a part of a character.' }),
    bytes: z.array(z.number().int()),
    probability: z.number(),
    logprob: z.number(),
    end_of_sequence: z.boolean(),
  })
  .openapi('TokenProbability');

const distributionSchema = z
  .object({
    object: z.literal('next_token'),
    model: z.string(),
    system_fingerprint: z.string(),
    prompt_tokens: z.number().int(),
    tokens: z.array(tokenSchema),
    end_of_sequence: z.array(tokenSchema).openapi({ description: 'The tokens that would end the text, wherever they rank.' }),
    rest_probability: z.number().openapi({ description: 'Of all tokens that are not in `tokens`.' }),
  })
  .openapi('NextTokenDistribution');

export type TokenProbability = z.infer<typeof tokenSchema>;
export type NextTokenDistribution = z.infer<typeof distributionSchema>;

const route = createRoute({
  method: 'post',
  path: '/v1/next-token',
  tags: ['Generation'],
  summary: 'The next-token probability distribution',
  middleware: jsonBodyMiddleware,
  request: {
    body: jsonBody(
      z
        .strictObject({
          model: z.string().nullish(),
          prompt: singlePromptSchema
            .nullish()
            .openapi({ description: "Text or token ids. Default: the model's end-of-text token.", example: 'Once upon a time' }),
          top_k: integerBetween(1, MAX_TOP_K)
            .nullish()
            .openapi({ description: `How many tokens to return, the most probable first. Default ${DEFAULT_TOP_K}.` }),
        })
        .openapi('NextTokenRequest', { example: { prompt: 'Once upon a time', top_k: 5 } }),
    ),
  },
  responses: {
    200: {
      description: 'The distribution that the model gives, before temperature, penalties and bias.',
      content: jsonContent(distributionSchema),
    },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

export function nextTokenRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const model = await requestedModel(c, body.model);
    const prompt = toPromptTokens(body.prompt, model);
    c.var.record.promptTokens = prompt.length;
    const distribution = await nextToken(model, prompt, body.top_k ?? DEFAULT_TOP_K, c.req.raw.signal);
    const wire = toWireToken(model.tokenizer, model.manifest.eosTokenIds);
    return c.json(
      {
        object: 'next_token' as const,
        model: model.id,
        system_fingerprint: model.fingerprint,
        prompt_tokens: prompt.length,
        tokens: distribution.top.map(wire),
        end_of_sequence: distribution.endOfSequence.map(wire),
        rest_probability: distribution.restProbability,
      },
      200,
    );
  });
}

const toWireToken =
  (tokenizer: TextTokenizer, eosTokenIds: readonly number[]) =>
  ({ id, logprob }: TokenLogprob) => ({
    id,
    token: tokenizer.label(id),
    bytes: [...tokenizer.bytes(id)],
    probability: Math.exp(logprob),
    logprob,
    end_of_sequence: eosTokenIds.includes(id),
  });
