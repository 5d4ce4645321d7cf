import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import { type AnswerSession, advanced, formatCursor, isBehind, parseCursor, SESSION_BEGINNING } from '../http/answer-session.ts';
import type { AppEnv } from '../http/app-env.ts';
import { joinChat } from '../openai/chat-chunks.ts';
import { joinCompletion } from '../openai/completion-chunks.ts';
import { deletedSchema, errorResponses, eventStream, jsonContent } from '../openai/schemas/bodies.ts';
import { type ChatWireRequest, storedChatSchema } from '../openai/schemas/chat-schema.ts';
import { storedCompletionSchema } from '../openai/schemas/completion-schema.ts';
import { storedChunks } from '../openai/stored-response.ts';

const params = z.object({ id: z.string().openapi({ description: 'The id of an answer to a request with `store`.' }) });
const headers = z.object({ 'last-event-id': z.string().optional().openapi({ description: 'The id of the event that was got last.' }) });
const ERRORS = [400, 401, 403, 404, 405, 429, 500, 503] as const;

const stateRoute = <const P extends string, T extends z.ZodType>(path: P, schema: T) =>
  createRoute({
    method: 'get',
    path: `${path}/{id}`,
    tags: ['Generation'],
    summary: 'A stored answer, as far as it is there',
    request: { params },
    responses: {
      200: { description: 'The answer; `gpt_edge.status` says whether it is complete.', content: jsonContent(schema) },
      ...errorResponses(...ERRORS),
    },
  });

const streamRoute = <const P extends string>(path: P, chunk: string) =>
  createRoute({
    method: 'get',
    path: `${path}/{id}/stream`,
    tags: ['Generation'],
    summary: 'The events of a stored answer, behind those that the client has',
    request: { params, headers },
    responses: { 200: { description: 'The chunks.', content: eventStream(chunk) }, ...errorResponses(...ERRORS) },
  });

const deleteRoute = <const P extends string, T extends z.ZodType>(path: P, schema: T) =>
  createRoute({
    method: 'delete',
    path: `${path}/{id}`,
    tags: ['Generation'],
    summary: 'Delete a stored answer, and end it before',
    request: { params },
    responses: { 200: { description: 'It is deleted.', content: jsonContent(schema) }, ...errorResponses(...ERRORS) },
  });

/** Answers of requests with `store`, which are there for a while after their client has left. */
export function storedCompletionsRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(stateRoute('/v1/completions', storedCompletionSchema), async (c) => {
    const session = await foundAnswer(c, 'cmpl-');
    return c.json(
      { ...(await joinCompletion(storedChunks(session), headOf(session, 'text_completion'))), ...stateOf(session) } as never,
      200,
    );
  });
  app.openapi(stateRoute('/v1/chat/completions', storedChatSchema), async (c) => {
    const session = await foundAnswer(c, 'chatcmpl-');
    const body = JSON.parse(session.body) as ChatWireRequest;
    return c.json(
      { ...(await joinChat(storedChunks(session), body, headOf(session, 'chat.completion'))), ...stateOf(session) } as never,
      200,
    );
  });
  app.openapi(deleteRoute('/v1/completions', deletedSchema('text_completion.deleted')), async (c) =>
    c.json({ id: await deleted(c, 'cmpl-'), object: 'text_completion.deleted' as const, deleted: true as const }, 200),
  );
  app.openapi(deleteRoute('/v1/chat/completions', deletedSchema('chat.completion.deleted')), async (c) =>
    c.json({ id: await deleted(c, 'chatcmpl-'), object: 'chat.completion.deleted' as const, deleted: true as const }, 200),
  );
  app.openapi(streamRoute('/v1/completions', 'Completion'), (c) => stream(c, 'cmpl-') as never);
  app.openapi(streamRoute('/v1/chat/completions', 'ChatCompletionChunk'), (c) => stream(c, 'chatcmpl-') as never);
}

async function stream(c: Context<AppEnv>, prefix: string): Promise<Response> {
  const last = c.req.header('last-event-id');
  if (last !== undefined && parseCursor(last) === null)
    throw new GptEdgeError('invalid_value', `Invalid Last-Event-ID: ${JSON.stringify(excerpt(last))} is not the id of an event.`, {
      param: 'Last-Event-ID',
    });
  return (await foundAnswer(c, prefix)).stream(last);
}

/**
 * A stored answer, whose id begins as its endpoint has it.
 * @throws GptEdgeError `completion_not_found`, also for one of another caller
 */
export async function foundAnswer(c: Context<AppEnv>, prefix: string): Promise<AnswerSession> {
  const id = c.req.param('id')!;
  const session = id.startsWith(prefix) ? await c.env?.sessions?.find(id) : null;
  if (!session || session.owner !== c.var.grant.owner) throw notFound(id);
  return session;
}

/** Deletes a stored answer. @returns its id */
export async function deleted(c: Context<AppEnv>, prefix: string): Promise<string> {
  const { id } = await foundAnswer(c, prefix);
  c.env.sessions!.delete(id);
  return id;
}

export const notFound = (id: string): GptEdgeError =>
  new GptEdgeError(
    'completion_not_found',
    `There is no answer with the id ${JSON.stringify(excerpt(id))}: none was stored, or its time is over.`,
    {
      param: 'id',
    },
  );

/** What an answer begins with of which no event is there yet. */
const headOf = ({ id }: AnswerSession, object: string) => ({ id, object });

function stateOf(session: AnswerSession) {
  const { state, error, events } = session;
  const cursor = events.reduce((last, event) => (isBehind(event, last) ? advanced(last, event) : last), SESSION_BEGINNING);
  const status = { running: 'in_progress', ended: 'completed', failed: 'failed', cancelled: 'cancelled' }[state];
  return { gpt_edge: { status, last_event_id: formatCursor(cursor), ...(error ? { error } : {}) } };
}
