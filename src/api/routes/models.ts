import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from '../http/app-env.ts';
import type { ModelHost } from '../model-host.ts';
import { errorResponses, jsonContent } from '../openai/schemas/bodies.ts';
import { modelListSchema, modelSchema, toWireModel } from '../openai/schemas/model-schema.ts';

const listRoute = createRoute({
  method: 'get',
  path: '/v1/models',
  tags: ['Models'],
  summary: 'List the served models',
  responses: {
    200: { description: 'The default model first.', content: jsonContent(modelListSchema) },
    ...errorResponses(401, 405, 500, 503),
  },
});

const oneRoute = createRoute({
  method: 'get',
  path: '/v1/models/{id}',
  tags: ['Models'],
  summary: 'Describe a model',
  request: { params: z.object({ id: z.string().openapi({ example: 'tinystories-gpt2' }) }) },
  responses: { 200: { description: 'The model.', content: jsonContent(modelSchema) }, ...errorResponses(401, 404, 405, 500, 503) },
});

export function modelsRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(listRoute, async (c) => {
    const { host } = c.var;
    const found = await Promise.all(host.ids.map((id) => describeIfPresent(host, id)));
    return c.json({ object: 'list' as const, data: found.filter((model) => model !== null).map(toWireModel) }, 200);
  });
  app.openapi(oneRoute, async (c) => c.json(toWireModel(await c.var.host.describe(c.req.valid('param').id)), 200));
}

/** A model that is configured but missing from the bucket cannot be served, so it is not listed. */
async function describeIfPresent(host: ModelHost, id: string) {
  try {
    return await host.describe(id);
  } catch (error) {
    if (error instanceof GptEdgeError && error.code === 'model_not_found') return null;
    throw error;
  }
}
