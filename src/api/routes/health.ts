import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../http/app-env.ts';
import { errorResponses, jsonContent } from '../openai/schemas/bodies.ts';

const route = createRoute({
  method: 'get',
  path: '/health',
  tags: ['Service'],
  summary: 'Whether the Worker answers',
  responses: {
    200: { description: 'It does.', content: jsonContent(z.object({ status: z.literal('ok') }).openapi('Health')) },
    ...errorResponses(405, 500),
  },
});

export function healthRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, (c) => c.json({ status: 'ok' as const }, 200));
}
