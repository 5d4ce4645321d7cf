import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { checkWork } from '../../generation/check-work.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { errorBody, handleError } from '../http/errors.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { sseResponse } from '../http/sse-response.ts';
import { wholeResponse } from '../http/whole-response.ts';
import { chatChunks, chatHead } from '../openai/chat-chunks.ts';
import { joinResponse, newResponse, ResponseBuilder, type ResponseChunk, type ResponseEvent } from '../openai/response-builder.ts';
import { eventLines, RESPONSES_PATH, responseOf } from '../openai/response-stream.ts';
import { errorResponses, eventStream, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import type { ChatChunk, ChatWireRequest } from '../openai/schemas/chat-schema.ts';
import { type ResponseWireRequest, responseRequestSchema, responseSchema } from '../openai/schemas/response-schema.ts';
import { type AnswerStore, answerStore, ended, storeAnswer } from '../openai/stored-response.ts';
import { inResponse, toChatBody } from '../openai/to-chat-body.ts';
import { type ChatRequest, chatFields, toChatRequest } from '../openai/to-completion-request.ts';
import { withHistory } from '../openai/with-history.ts';
import { completeRecorded, type RecordedCompletion } from '../request-log/complete-recorded.ts';
import { hasLeft, type RequestContext } from '../request-log/request-record.ts';

/** Milliseconds in which a response in the background may still be refused. After that, its client is told that it waits. */
const REFUSAL_MS = 1000;

const route = createRoute({
  method: 'post',
  path: RESPONSES_PATH,
  tags: ['Generation'],
  summary: 'Answer a conversation, in the form of the Responses API',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(responseRequestSchema) },
  responses: {
    200: {
      description: 'The response, or with `stream` its events.',
      content: { ...jsonContent(responseSchema), ...eventStream('ResponseEvent') },
    },
    ...errorResponses(400, 401, 404, 405, 408, 413, 415, 500, 503),
  },
});

export function responsesRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = await withHistory(c, c.req.valid('json'));
    const chat = toChatBody(body);
    const model = await requestedModel(c, body.model);
    const context = requestContext(c, model);
    try {
      const request = await toChatRequest(chat, model, context.budget);
      checkWork(model, [request], c.var.maxWork, chatFields(chat));
      const asked = { body, chat, model, request, context };
      const store = answerStore(c, { store: body.store, background: body.background }, context);
      return (await (store ? storedAnswer(c, asked, store) : answer(c, asked))) as never;
    } catch (error) {
      throw inResponse(error);
    }
  });
}

/** A request for a response, and what it amounts to. */
interface Asked {
  readonly body: ResponseWireRequest;
  readonly chat: ChatWireRequest;
  readonly model: LanguageModel;
  readonly request: ChatRequest;
  readonly context: RequestContext;
}

async function answer(c: Context<AppEnv>, asked: Asked): Promise<Response> {
  const { body, chat, model, request, context } = asked;
  const { slices, budget } = context;
  if (slices) slices.notes.repeats = true;
  const completion = await completeRecorded(model, [request], context, body.timeout_ms);
  const head = chatHead('resp_', model, completion);
  const opening = newResponse(head, body, model, request);
  const chunks = chatChunks(chat, model, request, completion, budget, head);
  if (!body.stream) return wholeResponse(c, joinResponse(opening, chunks), context);
  // The client learns of the response's id before its first chunk is there.
  completion.notes?.begin({ ...head, seed: request.sampling.seed, fingerprint: model.fingerprint }, { isStreamed: true });
  return sseResponse(events(opening, chunks, completion, context), context, eventLines);
}

/**
 * The events of a response that is not stored. Where it goes on, all of it is made again, and what its client has is not
 * sent again. Events of one chunk are sent together, so that the client has all of them or none.
 */
async function* events(
  opening: ReturnType<typeof newResponse>,
  chunks: AsyncIterable<ChatChunk>,
  { notes }: RecordedCompletion,
  context: RequestContext,
): AsyncGenerator<readonly ResponseEvent[]> {
  const builder = new ResponseBuilder(opening);
  const beginning = builder.begin();
  if (notes?.past === undefined) yield beginning;
  try {
    for await (const chunk of chunks) {
      const made = builder.add(chunk);
      if (made.length > 0 && notes?.isNews !== false) yield made;
    }
    const ending = builder.end();
    if (notes?.past?.hasEnd) return;
    notes?.reachEnd();
    yield ending;
  } catch (error) {
    if (hasLeft(context)) throw error;
    yield builder.fail(errorBody(handleError(inResponse(error), context.record)).error);
  }
}

/** A response that is made whether its client stays or not. In the background, nobody waits for it. */
async function storedAnswer(c: Context<AppEnv>, asked: Asked, store: AnswerStore): Promise<Response> {
  const { body, model, request, context } = asked;
  const completion = completeRecorded(model, [request], context, body.timeout_ms);
  completion.catch(() => {});
  if (body.background) await Promise.race([completion, new Promise((resolve) => setTimeout(resolve, REFUSAL_MS))]);
  else await completion;
  const head = { id: '', created: Math.floor(Date.now() / 1000) };
  const kept = { body: JSON.stringify(body), opening: JSON.stringify(newResponse(head, body, model, request)) };
  const session = storeAnswer(c, store, kept, () => chunksOf(asked, completion), context, !body.stream && !body.background);
  if (body.stream) return session.stream();
  if (!body.background) await ended(session);
  return c.json(responseOf(session));
}

/** The chunks of a response that is stored, of which the last says when it came. */
async function* chunksOf({ chat, model, request, context }: Asked, completion: Promise<RecordedCompletion>): AsyncGenerator<ResponseChunk> {
  for await (const chunk of chatChunks(chat, model, request, await completion, context.budget))
    yield chunk.usage ? { ...chunk, completed_at: Math.floor(Date.now() / 1000) } : chunk;
}
