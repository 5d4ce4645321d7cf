import { z } from '@hono/zod-openapi';
import { ERROR_CODES } from '../../../core/errors.ts';

export const jsonContent = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });

export const jsonBody = <T extends z.ZodType>(schema: T) => ({ required: true as const, content: jsonContent(schema) });

/** What the deletion of something is answered with. */
export const deletedSchema = <const T extends string>(object: T) =>
  z.object({ id: z.string(), object: z.literal(object), deleted: z.literal(true) });

/** Server-sent events whose `data` is a chunk of the named schema, or an error object; `[DONE]` comes last. */
export const eventStream = (chunk: string) => ({
  'text/event-stream': {
    schema: z.object({ data: z.string().openapi({ description: `A ${chunk} as JSON, an Error, or \`[DONE]\` at the end.` }) }),
  },
});

/** OpenAI's error object. */
export const errorObjectSchema = z.object({
  message: z.string(),
  type: z.enum(['invalid_request_error', 'server_error', 'rate_limit_exceeded', 'insufficient_quota']),
  param: z.string().nullable(),
  code: z.enum(ERROR_CODES),
});

const errorSchema = z.object({ error: errorObjectSchema }).openapi('Error');

export type ErrorBody = z.infer<typeof errorSchema>;

const DESCRIPTIONS = {
  400: 'The request is invalid.',
  401: 'The request has no key, or one that is wrong, revoked or expired.',
  403: 'The key may not be used for this route, or by pages of this origin.',
  404: 'There is no such model, file or batch.',
  405: 'The path has other methods; `Allow` names them.',
  408: 'The request has taken longer than its `timeout_ms`, or its body took too long to arrive.',
  413: 'The request body is too large.',
  415: 'The request body is not application/json.',
  429: 'The limits of the key, of the client address or of the deployment are reached. `Retry-After` says for how long.',
  500: 'The server failed.',
  503: 'The model cannot be loaded: a file is missing or damaged, it needs too much memory, or the engine refuses it; or too many other requests wait, and `Retry-After` says for how long.',
} as const;

type ErrorStatus = keyof typeof DESCRIPTIONS;
type ErrorResponse = { description: string; content: ReturnType<typeof jsonContent<typeof errorSchema>> };

/** What any route answers with that asks who is there. */
const ACCESS_STATUSES = [401, 403, 429] as const;

/**
 * The `responses` entries of a route for the errors it can answer with. A route that may answer 401 may also answer
 * what else a key can be refused with, and one that may find a body too large may find it too slow.
 */
export function errorResponses<const S extends ErrorStatus>(...statuses: S[]) {
  const has = (known: ErrorStatus) => statuses.some((status) => status === known);
  const all = new Set<ErrorStatus>([...statuses, ...(has(401) ? ACCESS_STATUSES : []), ...(has(413) ? ([408] as const) : [])]);
  const entry = (status: ErrorStatus) => [status, { description: DESCRIPTIONS[status], content: jsonContent(errorSchema) }];
  return Object.fromEntries([...all].map(entry)) as Record<S, ErrorResponse>;
}
