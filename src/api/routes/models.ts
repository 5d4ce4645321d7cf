import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { GptEdgeError } from '../../core/errors.ts';
import { variantId } from '../../core/folder/adapter-files.ts';
import type { AppEnv } from '../http/app-env.ts';
import { errorBody, handleError } from '../http/errors.ts';
import type { ModelHost } from '../model-host.ts';
import { type ErrorBody, errorResponses, jsonContent } from '../openai/schemas/bodies.ts';
import {
  modelListSchema,
  modelSchema,
  toWireDamagedModel,
  toWireModel,
  type WireDamagedModel,
  type WireModel,
} from '../openai/schemas/model-schema.ts';

const listRoute = createRoute({
  method: 'get',
  path: '/v1/models',
  tags: ['Models'],
  summary: 'List the served models',
  responses: {
    200: {
      description: 'The default model first, and after each model its adapters. A damaged one is there with its error.',
      content: jsonContent(modelListSchema),
    },
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
    const found = await Promise.all(host.ids.map((id) => listed(host, id, toError(c))));
    const data = new Map(found.flat().map((model) => [model.id, model]));
    return c.json({ object: 'list' as const, data: [...data.values()], stores_answers: c.env?.sessions !== undefined }, 200);
  });
  app.openapi(oneRoute, async (c) => {
    const description = await c.var.host.describe(c.req.valid('param').id);
    return c.json(toWireModel(description, toError(c)), 200);
  });
}

type ToError = (error: unknown) => ErrorBody['error'];

const toError =
  (c: Context<AppEnv>): ToError =>
  (error) =>
    errorBody(handleError(error, c.var.record)).error;

/**
 * A model as the list shows it, and after it each of its adapters. One that is damaged must not hide the others: it is
 * listed with what is wrong with it. One that is configured but missing from the bucket is not listed.
 */
async function listed(host: ModelHost, id: string, toError: ToError): Promise<(WireModel | WireDamagedModel)[]> {
  try {
    const description = await host.describe(id);
    const variants = description.adapter ? [] : description.adapters.map((adapter) => listed(host, variantId(id, adapter), toError));
    return [toWireModel(description, toError), ...(await Promise.all(variants)).flat()];
  } catch (error) {
    if (error instanceof GptEdgeError && error.code === 'model_not_found') return [];
    return [toWireDamagedModel(id, toError(error))];
  }
}
