import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { checkWork } from '../../generation/check-work.ts';
import { embed } from '../../generation/embed.ts';
import { partitionOf } from '../access/use-grant.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { wholeResponse } from '../http/whole-response.ts';
import { toEmbeddings, toEmbeddingTexts } from '../openai/embeddings.ts';
import { errorResponses, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import { embeddingsRequestSchema, embeddingsSchema } from '../openai/schemas/embeddings-schema.ts';
import { toReading } from '../openai/to-reading.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/embeddings',
  tags: ['Embeddings'],
  summary: 'Texts to vectors',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(embeddingsRequestSchema) },
  responses: {
    200: { description: 'A vector of length 1 for each text.', content: jsonContent(embeddingsSchema) },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

export function embeddingsRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const model = await requestedModel(c, body.model);
    const context = requestContext(c, model);
    const { budget, record, grant } = context;
    const texts = await toEmbeddingTexts(body, model, budget);
    checkWork(model, texts.map(toReading), c.var.maxWork, { prompt: 'input' });
    record.promptTokens = texts.reduce((sum, { length }) => sum + length, 0);
    await grant.reserve(record.promptTokens, 0, budget.signal);
    const embedding = await embed(model, texts, budget, partitionOf(grant, ''));
    record.isComputed = true;
    record.figures = embedding.figures;
    return wholeResponse(c, toEmbeddings(body, model, texts, embedding, budget), context);
  });
}
