import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { GptEdgeError } from '../../core/errors.ts';
import { checkContext } from '../../generation/check-context.ts';
import { checkWork } from '../../generation/check-work.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { nextToken } from '../../generation/next-token.ts';
import type { TokenLogprob } from '../../generation/sampling/log-probabilities.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import { partitionOf } from '../access/use-grant.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { errorResponses, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import {
  DEFAULT_TOP_K,
  type NextTokenRequest,
  nextTokenAnswerSchema,
  nextTokenRequestSchema,
  type TokenProbability,
} from '../openai/schemas/next-token-schema.ts';
import { toConstraint } from '../openai/to-constraint.ts';
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
    const mask = await allowedAfter(body, prompt, model, budget);
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
        tokens: top.map((token) => toTokenProbability(token, model, mask)),
        end_of_sequence: endOfSequence.map((token) => toTokenProbability(token, model, mask)),
        rest_probability: restProbability,
      },
      200,
    );
  });
}

/**
 * A bit for each token that the answer may go on with; undefined if it may be any text.
 * @throws GptEdgeError `invalid_value` if the prompt's last tokens are no beginning of such an answer
 */
async function allowedAfter(
  { response_format, answer_tokens }: NextTokenRequest,
  prompt: readonly number[],
  model: LanguageModel,
  budget: WorkBudget,
): Promise<Uint32Array | undefined> {
  const constraint = await toConstraint({ response_format }, model.constraints, budget);
  let state = constraint?.start();
  const count = answer_tokens ?? 0;
  if (count > prompt.length) throw noAnswer(`there are ${prompt.length} tokens in the prompt`);
  for (const id of count > 0 ? prompt.slice(-count) : []) {
    if (state && !isSet(state.allowed(), id)) throw noAnswer('these tokens do not begin an answer of that form');
    state = state?.after(id);
  }
  return state?.allowed();
}

const isSet = (mask: Uint32Array, id: number): boolean => ((mask[id >> 5] >>> (id & 31)) & 1) === 1;

const noAnswer = (why: string) => new GptEdgeError('invalid_value', `Invalid answer_tokens: ${why}.`, { param: 'answer_tokens' });

const toTokenProbability = (
  { id, logprob }: TokenLogprob,
  { tokenizer, manifest }: LanguageModel,
  mask: Uint32Array | undefined,
): TokenProbability => ({
  id,
  token: tokenizer.label(id),
  bytes: [...tokenizer.bytes(id)],
  probability: Math.exp(logprob),
  logprob,
  end_of_sequence: manifest.eosTokenIds.includes(id),
  ...(mask ? { allowed: isSet(mask, id) } : {}),
});
