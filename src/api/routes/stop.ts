import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { checkServed } from '../check-served.ts';
import type { AppEnv } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import type { StopTarget } from '../http/running-requests.ts';
import { errorResponses, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import { STOP_PATH, stopRequestSchema, stopSchema } from '../openai/schemas/stop-schema.ts';

const route = createRoute({
  method: 'post',
  path: STOP_PATH,
  tags: ['Service'],
  summary: 'Stop running requests, with the operator’s key',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(stopRequestSchema) },
  responses: {
    200: { description: 'How many requests were stopped.', content: jsonContent(stopSchema) },
    ...errorResponses(400, 401, 404, 405, 408, 413, 415, 500, 503),
  },
});

/** Stops requests in the place in which the app runs. The front of several objects asks them all. */
export function stopRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, (c) => {
    const target = c.req.valid('json') as StopTarget;
    // A name that is mistyped must not look like success to someone in a hurry.
    if ('model' in target) checkServed(c.var.host.ids, target.model);
    const stopped = c.var.running.stop(c.env?.object, target);
    return c.json({ object: 'engine.stop' as const, stopped, unreached: [] }, 200);
  });
}
