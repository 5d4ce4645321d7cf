import type { OpenAPIHono } from '@hono/zod-openapi';
import packageJson from '#package.json' with { type: 'json' };
import type { AppEnv } from '../http/app-env.ts';
import { chatChunkSchema } from '../openai/schemas/chat-schema.ts';
import { responseEventSchema } from '../openai/schemas/response-schema.ts';

/** Serves the OpenAPI 3.1 document, which is made from the schemas that validate the requests. */
export function openapiRoute(app: OpenAPIHono<AppEnv>): void {
  // No route declares these schemas as its answer, because they describe the events of a stream.
  app.openAPIRegistry.register('ChatCompletionChunk', chatChunkSchema);
  app.openAPIRegistry.register('ResponseEvent', responseEventSchema);
  const { version, description } = packageJson;
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'gpt-edge', version, description } });
}
