import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { type AppEnv, requestedModel } from '../http/app-env.ts';
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

/** Both routes speak as vLLM's server does. */
export function tokenizeRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(tokenizeRoute, async (c) => {
    const body = c.req.valid('json');
    const { tokenizer, decoder } = await requestedModel(c, body.model);
    const tokens = tokenizer.encode(body.prompt, { addSpecialTokens: body.add_special_tokens ?? true });
    const token_strs = body.return_token_strs ? tokens.map((id) => tokenizer.label(id)) : null;
    return c.json({ count: tokens.length, max_model_len: decoder.contextWindow, tokens, token_strs }, 200);
  });
  app.openapi(detokenizeRoute, async (c) => {
    const { model: id, tokens } = c.req.valid('json');
    const model = await requestedModel(c, id);
    checkTokenIds(tokens, model, 'tokens');
    return c.json({ prompt: model.tokenizer.decode(tokens, { skipSpecialTokens: false }) }, 200);
  });
}
