import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import type { AnswerSession } from '../http/answer-session.ts';
import type { AppEnv } from '../http/app-env.ts';
import { inputItemsOf } from '../openai/response-items.ts';
import { parseEventNumber, RESPONSES_PATH, responseOf } from '../openai/response-stream.ts';
import { deletedSchema, errorResponses, eventStream, jsonContent } from '../openai/schemas/bodies.ts';
import { itemListSchema, responseSchema } from '../openai/schemas/response-schema.ts';
import { deleted, foundAnswer } from './stored-completions.ts';

const ERRORS = [400, 401, 403, 404, 405, 429, 500, 503] as const;
const params = z.object({ id: z.string().openapi({ description: 'The id of a response to a request with `store`.' }) });
const isTrue = z.enum(['true', 'false'], { error: 'must be true or false' });
const wholeNumber = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

const readRoute = createRoute({
  method: 'get',
  path: `${RESPONSES_PATH}/{id}`,
  tags: ['Generation'],
  summary: 'A stored response, or its events behind those that the client has',
  request: {
    params,
    query: z.object({
      stream: isTrue.optional(),
      starting_after: wholeNumber(0, 2 ** 30)
        .optional()
        .openapi({ description: 'With `stream`: the number of the event after which to begin.' }),
      include_obfuscation: z.enum(['false'], { error: 'must be false: events are never padded' }).optional(),
    }),
    headers: z.object({ 'last-event-id': z.string().optional().openapi({ description: 'The same as `starting_after`.' }) }),
  },
  responses: {
    200: {
      description: 'The response as far as it is there, or with `stream` its events.',
      content: { ...jsonContent(responseSchema), ...eventStream('ResponseEvent') },
    },
    ...errorResponses(...ERRORS),
  },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: `${RESPONSES_PATH}/{id}`,
  tags: ['Generation'],
  summary: 'Delete a stored response',
  request: { params },
  responses: { 200: { description: 'It is deleted.', content: jsonContent(deletedSchema('response')) }, ...errorResponses(...ERRORS) },
});

const cancelRoute = createRoute({
  method: 'post',
  path: `${RESPONSES_PATH}/{id}/cancel`,
  tags: ['Generation'],
  summary: 'End a response in the background',
  request: { params },
  responses: { 200: { description: 'The response as it has ended.', content: jsonContent(responseSchema) }, ...errorResponses(...ERRORS) },
});

const itemsRoute = createRoute({
  method: 'get',
  path: `${RESPONSES_PATH}/{id}/input_items`,
  tags: ['Generation'],
  summary: 'The items that a stored response answers',
  request: {
    params,
    query: z.object({
      limit: wholeNumber(1, 100).optional().openapi({ description: 'Default 20.' }),
      order: z.enum(['asc', 'desc'], { error: 'must be asc or desc' }).optional().openapi({ description: 'Default desc.' }),
      after: z.string().optional().openapi({ description: 'The id of the item after which to begin.' }),
    }),
  },
  responses: { 200: { description: 'The items.', content: jsonContent(itemListSchema) }, ...errorResponses(...ERRORS) },
});

/** What OpenAI's API has where ids of responses stand, and this one has not. */
const ABSENT = ['compact', 'input_tokens'];

/** Stored responses, as OpenAI's API has them. */
export function storedResponsesRoutes(app: OpenAPIHono<AppEnv>): void {
  for (const name of ABSENT)
    app.all(`${RESPONSES_PATH}/${name}`, (c) => {
      throw new GptEdgeError('unknown_url', `There is no ${c.req.path} here.`);
    });
  app.openapi(readRoute, async (c) => {
    const { stream, starting_after } = c.req.valid('query');
    if (stream === 'true') return (await found(c)).stream(cursorOf(c, starting_after)) as never;
    if (starting_after !== undefined)
      throw new GptEdgeError('invalid_value', 'Invalid starting_after: only allowed with stream=true', { param: 'starting_after' });
    return c.json(responseOf(await found(c)), 200);
  });
  app.openapi(deleteRoute, async (c) =>
    c.json({ id: await deleted(c, 'resp_'), object: 'response' as const, deleted: true as const }, 200),
  );
  app.openapi(cancelRoute, async (c) => {
    const session = await found(c);
    if (!responseOf(session).background)
      throw new GptEdgeError('invalid_value', 'Only a response with background: true can be cancelled.', { param: 'id' });
    session.cancel();
    return c.json(responseOf(session), 200);
  });
  app.openapi(itemsRoute, async (c) => {
    const { limit = 20, order = 'desc', after } = c.req.valid('query');
    const items = inputItemsOf(await found(c));
    if (order === 'desc') items.reverse();
    const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
    if (after !== undefined && start === 0)
      throw new GptEdgeError('invalid_value', `Invalid after: there is no item ${JSON.stringify(excerpt(after))}`, { param: 'after' });
    const data = items.slice(start, start + limit);
    const ends = { first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
    return c.json({ object: 'list' as const, data, ...ends, has_more: start + limit < items.length }, 200);
  });
}

const found = (c: Context<AppEnv>): Promise<AnswerSession> => foundAnswer(c, 'resp_');

/** The event after which a stream begins. */
function cursorOf(c: Context<AppEnv>, startingAfter: number | undefined): string | undefined {
  const last = c.req.header('last-event-id');
  if (startingAfter !== undefined) return String(startingAfter);
  if (last !== undefined && parseEventNumber(last) === null)
    throw new GptEdgeError('invalid_value', `Invalid Last-Event-ID: ${JSON.stringify(excerpt(last))} is not the id of an event.`, {
      param: 'Last-Event-ID',
    });
  return last;
}
