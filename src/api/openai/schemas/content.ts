import { z } from '@hono/zod-openapi';

export const jsonContent = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });

export const jsonBody = <T extends z.ZodType>(schema: T) => ({ required: true as const, content: jsonContent(schema) });

/** Server-sent events whose `data` is a chunk of the named schema, or an error object; `[DONE]` comes last. */
export const eventStream = (chunk: string) => ({
  'text/event-stream': {
    schema: z.object({ data: z.string().openapi({ description: `A ${chunk} as JSON, an Error, or \`[DONE]\` at the end.` }) }),
  },
});
