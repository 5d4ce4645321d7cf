import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { type Decision, prepareDecision, type Verdict } from '../../generation/decisions/decide.ts';
import { partitionOf } from '../access/use-grant.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { wholeResponse } from '../http/whole-response.ts';
import { decisionAnswers } from '../openai/decision-answers.ts';
import { errorResponses, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import { type DecisionWireRequest, decisionRequestSchema, decisionSchema, type WireDecision } from '../openai/schemas/decision-schema.ts';
import { toQuestions } from '../openai/to-decision.ts';
import { endAfter } from '../request-log/end-after.ts';
import type { RequestContext } from '../request-log/request-record.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/decisions',
  tags: ['Generation'],
  summary: 'Answer questions about an input by probabilities',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(decisionRequestSchema) },
  responses: {
    200: { description: 'The answers, in the order of the questions.', content: jsonContent(decisionSchema) },
    ...errorResponses(400, 401, 404, 405, 408, 413, 415, 500, 503),
  },
});

export function decisionsRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const model = await requestedModel(c, body.model);
    const context = requestContext(c, model);
    const { budget, record, grant } = context;
    const questions = await toQuestions(body, model, budget);
    const partition = partitionOf(grant, body.prompt_cache_key ?? '');
    const decision = await prepareDecision(model, questions, { partition, maxWork: c.var.maxWork, budget });
    record.promptTokens = decision.tokens;
    await grant.reserve(decision.tokens, 0, budget.signal);
    const verdicts = await decideRecorded(decision, body, context);
    const answer = async () => toWire(body, model.id, decision, await verdicts(), record.figures?.cachedTokens ?? 0);
    return wholeResponse(c, answer(), context);
  });
}

/** @returns what computes the verdicts, once the request is admitted */
async function decideRecorded(decision: Decision, { timeout_ms }: DecisionWireRequest, { budget, record }: RequestContext) {
  const cancelTimeout = endAfter(timeout_ms, budget, record);
  const reader = await decision.submit(budget).catch((error: unknown) => {
    cancelTimeout();
    throw error;
  });
  record.isComputed = true;
  record.figures = reader.figures;
  return async (): Promise<Verdict[]> => {
    try {
      for await (const _ of reader);
      return decision.verdicts();
    } finally {
      cancelTimeout();
    }
  };
}

function toWire(
  body: DecisionWireRequest,
  model: string,
  { tokens }: Decision,
  verdicts: readonly Verdict[],
  cached_tokens: number,
): WireDecision {
  return {
    answers: decisionAnswers(body, verdicts),
    model,
    usage: {
      input_tokens: tokens,
      // Nothing is kept for this request in particular.
      input_tokens_details: { cached_tokens, cache_write_tokens: 0 },
      output_tokens: 0,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens,
    },
  };
}
