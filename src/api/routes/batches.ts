import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { KEPT_MS } from '../../batch/files/file-store.ts';
import type { AppEnv } from '../http/app-env.ts';
import { type BatchParts, ownerOf } from '../http/batch-parts.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { batchRequestSchema, batchSchema, toWireBatch } from '../openai/schemas/batch-schema.ts';
import { errorResponses, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import { limitOf, pageSchema, toPage } from '../openai/schemas/file-schema.ts';

/** Batches of a page, as in OpenAI's API. */
const MAX_PAGE = 100;
const PAGE = 20;

const common = { tags: ['Batches'] };
const params = z.object({ id: z.string().openapi({ example: 'batch_fe6b0f2a17c3d9…' }) });
const batchAnswer = { 200: { description: 'The batch.', content: jsonContent(batchSchema) } };

const createBatchRoute = createRoute({
  ...common,
  method: 'post',
  path: '/v1/batches',
  summary: 'Answer the requests of a file',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(batchRequestSchema) },
  responses: { ...batchAnswer, ...errorResponses(400, 401, 404, 405, 408, 413, 415, 500, 503) },
});
const listRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/batches',
  summary: 'List batches',
  request: { query: z.object({ limit: limitOf(MAX_PAGE), after: z.string().optional() }) },
  responses: {
    200: { description: "The owner's batches, the newest first.", content: jsonContent(pageSchema(batchSchema).openapi('Batches')) },
    ...errorResponses(400, 401, 404, 405, 500, 503),
  },
});
const oneRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/batches/{id}',
  summary: 'Describe a batch',
  request: { params },
  responses: { ...batchAnswer, ...errorResponses(401, 404, 405, 500, 503) },
});
const cancelRoute = createRoute({
  ...common,
  method: 'post',
  path: '/v1/batches/{id}/cancel',
  summary: 'Cancel a batch',
  request: { params },
  responses: { ...batchAnswer, ...errorResponses(400, 401, 404, 405, 500, 503) },
});

export function batchesRoutes(app: OpenAPIHono<AppEnv>, parts: BatchParts): void {
  const { service } = parts;
  app.openapi(createBatchRoute, async (c) => {
    const { input_file_id: inputFileId, endpoint, metadata = null, output_expires_after } = c.req.valid('json');
    const outputKeptMs = output_expires_after ? output_expires_after.seconds * 1000 : KEPT_MS;
    const owner = ownerOf(c, parts);
    return c.json(toWireBatch(await service.create({ owner, endpoint, inputFileId, metadata, outputKeptMs })), 200);
  });
  app.openapi(listRoute, async (c) => {
    const { limit = PAGE, after } = c.req.valid('query');
    const { batches, hasMore } = await service.list(ownerOf(c, parts), limit, after);
    return c.json(toPage(batches.map(toWireBatch), hasMore), 200);
  });
  app.openapi(oneRoute, async (c) => c.json(toWireBatch(await service.get(ownerOf(c, parts), c.req.valid('param').id)), 200));
  app.openapi(cancelRoute, async (c) => c.json(toWireBatch(await service.cancel(ownerOf(c, parts), c.req.valid('param').id)), 200));
}
