import type { OpenAPIHono } from '@hono/zod-openapi';
import packageJson from '#package.json' with { type: 'json' };
import type { AppEnv } from '../http/app-env.ts';
import { chatChunkSchema } from '../openai/schemas/chat-schema.ts';

/** The OpenAPI 3.1 document, from the schemas that validate the requests. */
export function openapiRoute(app: OpenAPIHono<AppEnv>): void {
  // No route answers with it as JSON: it is what a stream's events hold.
  app.openAPIRegistry.register('ChatCompletionChunk', chatChunkSchema);
  const { version, description } = packageJson;
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'gpt-edge', version, description } });
}
