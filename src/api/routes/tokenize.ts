import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { checkTokenIds } from '../openai/check-token-ids.ts';
import { requestedModel } from '../openai/requested-model.ts';
import { jsonBody, jsonContent } from '../openai/schemas/content.ts';
import { errorResponses } from '../openai/schemas/error-schema.ts';
import { tokenIdSchema } from '../openai/schemas/prompt-schema.ts';

const model = z.string().nullish();

const tokenizeRoute = createRoute({
  method: 'post',
  path: '/tokenize',
  tags: ['Tokens'],
  summary: 'Text to token ids',
  middleware: jsonBodyMiddleware,
  request: {
    body: jsonBody(
      z
        .strictObject({
          model,
          prompt: z.string().openapi({ description: 'Special tokens spelled in it are plain text.', example: 'Once upon a time' }),
          add_special_tokens: z
            .boolean()
            .nullish()
            .openapi({ description: 'Add what the tokenizer puts around a sequence, such as a BOS. Default true.' }),
          return_token_strs: z.boolean().nullish().openapi({ description: "Also return each token's text. Default false." }),
        })
        .openapi('TokenizeRequest', { example: { prompt: 'Once upon a time', return_token_strs: true } }),
    ),
  },
  responses: {
    200: {
      description: 'The tokens.',
      content: jsonContent(
        z
          .object({
            count: z.number().int(),
            max_model_len: z.number().int(),
            tokens: z.array(z.number().int()),
            token_strs: z.array(z.string()).nullable(),
          })
          .openapi('Tokens'),
      ),
    },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

const detokenizeRoute = createRoute({
  method: 'post',
  path: '/detokenize',
  tags: ['Tokens'],
  summary: 'Token ids to text',
  middleware: jsonBodyMiddleware,
  request: {
    body: jsonBody(
      z.strictObject({ model, tokens: z.array(tokenIdSchema) }).openapi('DetokenizeRequest', { example: { tokens: [419, 429] } }),
    ),
  },
  responses: {
    200: {
      description: 'The text, special tokens spelled out.',
      content: jsonContent(z.object({ prompt: z.string() }).openapi('DetokenizedText')),
    },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

/** Both in the shape of vLLM's server. */
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
