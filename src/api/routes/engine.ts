import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { AppEnv } from '../http/app-env.ts';
import { errorResponses, jsonContent } from '../openai/schemas/bodies.ts';
import { ENGINE_PATH, engineSchema, type WireLoadedModel } from '../openai/schemas/engine-schema.ts';

const route = createRoute({
  method: 'get',
  path: ENGINE_PATH,
  tags: ['Service'],
  summary: 'What the engine is doing, on the machine on which it runs',
  responses: {
    200: { description: 'The objects, or the Worker, with what is loaded there.', content: jsonContent(engineSchema) },
    ...errorResponses(401, 405, 500, 503),
  },
});

/** Made when it is first asked for: a Worker has no random numbers while it starts. */
let isolate: string | undefined;

/** Tells of the place in which the app runs. The front of several objects puts their answers together. */
export function engineRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, (c) => {
    const { host } = c.var;
    const object = c.env?.object;
    isolate ??= crypto.randomUUID();
    const models = host.ids.flatMap((id) => host.loaded?.(id) ?? []).map(toLoadedModel);
    const place = { id: object?.name ?? null, isolate, requests: object?.requestCount ?? null, models };
    return c.json({ object: 'engine' as const, place: object ? ('object' as const) : ('worker' as const), objects: [place] }, 200);
  });
}

function toLoadedModel({ id, scheduler, decoder }: LanguageModel): WireLoadedModel {
  const { totalBlocks: total, freeBlocks: free, blockPositions: positions } = decoder.kvCache;
  const { promptTokens, cachedTokens } = scheduler.totals;
  return {
    id,
    running: scheduler.runningCount,
    waiting: scheduler.waitingCount,
    blocks: { total, free, positions },
    prompt_tokens: promptTokens,
    cached_tokens: cachedTokens,
    hit_rate: promptTokens === 0 ? null : cachedTokens / promptTokens,
  };
}
