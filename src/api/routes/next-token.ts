import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { checkContext } from '../../generation/check-context.ts';
import { checkWork } from '../../generation/check-work.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { nextToken } from '../../generation/next-token.ts';
import type { TokenLogprob } from '../../generation/sampling/log-probabilities.ts';
import { partitionOf } from '../access/use-grant.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { errorResponses, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import {
  DEFAULT_TOP_K,
  nextTokenAnswerSchema,
  nextTokenRequestSchema,
  type TokenProbability,
} from '../openai/schemas/next-token-schema.ts';
import { toPromptTokens } from '../openai/to-prompt-tokens.ts';
import { toReading } from '../openai/to-reading.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/next-token',
  tags: ['Generation'],
  summary: 'The next-token probability distribution',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(nextTokenRequestSchema) },
  responses: {
    200: {
      description: 'The distribution that the model gives, before temperature, penalties and bias.',
      content: jsonContent(nextTokenAnswerSchema),
    },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

export function nextTokenRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const model = await requestedModel(c, body.model);
    const { budget, grant } = requestContext(c, model);
    const prompt = await toPromptTokens(body.prompt, model, budget);
    checkContext(model, prompt.length, 1);
    checkWork(model, [toReading(prompt)], c.var.maxWork);
    c.var.record.promptTokens = prompt.length;
    await grant.reserve(prompt.length, 0, budget.signal);
    c.var.record.isComputed = true;
    const { top, endOfSequence, restProbability } = await nextToken(
      model,
      prompt,
      body.top_k ?? DEFAULT_TOP_K,
      budget,
      partitionOf(grant, ''),
    );
    return c.json(
      {
        object: 'next_token' as const,
        model: model.id,
        system_fingerprint: model.fingerprint,
        prompt_tokens: prompt.length,
        tokens: top.map((token) => toTokenProbability(token, model)),
        end_of_sequence: endOfSequence.map((token) => toTokenProbability(token, model)),
        rest_probability: restProbability,
      },
      200,
    );
  });
}

const toTokenProbability = ({ id, logprob }: TokenLogprob, { tokenizer, manifest }: LanguageModel): TokenProbability => ({
  id,
  token: tokenizer.label(id),
  bytes: [...tokenizer.bytes(id)],
  probability: Math.exp(logprob),
  logprob,
  end_of_sequence: manifest.eosTokenIds.includes(id),
});
