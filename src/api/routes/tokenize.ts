import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { decodeInTurns, encodeInTurns, labelsInTurns } from '../../generation/tokenize-in-turns.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { errorResponses, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import {
  detokenizeAnswerSchema,
  detokenizeRequestSchema,
  tokenizeAnswerSchema,
  tokenizeRequestSchema,
} from '../openai/schemas/tokenize-schema.ts';
import { checkTokenIds } from '../openai/to-prompt-tokens.ts';

const tokenizeRoute = createRoute({
  method: 'post',
  path: '/tokenize',
  tags: ['Tokens'],
  summary: 'Text to token ids',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(tokenizeRequestSchema) },
  responses: {
    200: { description: 'The tokens.', content: jsonContent(tokenizeAnswerSchema) },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

const detokenizeRoute = createRoute({
  method: 'post',
  path: '/detokenize',
  tags: ['Tokens'],
  summary: 'Token ids to text',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(detokenizeRequestSchema) },
  responses: {
    200: { description: 'The text, special tokens spelled out.', content: jsonContent(detokenizeAnswerSchema) },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

/** Tokens of an answer that are written as JSON, ids and texts, in a turn. */
const TOKENS_WRITTEN_PER_TURN = 1_000_000;

/** The requests and answers of both routes have the shapes of vLLM's server. */
export function tokenizeRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(tokenizeRoute, async (c) => {
    const body = c.req.valid('json');
    const model = await requestedModel(c, body.model);
    const { tokenizer, decoder } = model;
    const { budget } = requestContext(c, model);
    const tokens = await encodeInTurns(body.prompt, tokenizer, budget, { addSpecialTokens: body.add_special_tokens ?? true });
    const token_strs = body.return_token_strs ? await labelsInTurns(tokens, tokenizer, budget) : null;
    await budget.spendTurns(tokens.length / TOKENS_WRITTEN_PER_TURN);
    return c.json({ count: tokens.length, max_model_len: decoder.contextWindow, tokens, token_strs }, 200);
  });
  app.openapi(detokenizeRoute, async (c) => {
    const { model: id, tokens } = c.req.valid('json');
    const model = await requestedModel(c, id);
    checkTokenIds(tokens, model, 'tokens');
    const { budget } = requestContext(c, model);
    return c.json({ prompt: await decodeInTurns(tokens, model.tokenizer, budget) }, 200);
  });
}
