import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { checkWork } from '../../generation/check-work.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { sseResponse } from '../http/sse-response.ts';
import { wholeResponse } from '../http/whole-response.ts';
import { chatChunks, joinChat } from '../openai/chat-chunks.ts';
import { errorResponses, eventStream, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import { chatCompletionSchema, chatRequestSchema } from '../openai/schemas/chat-schema.ts';
import { answerStore, storedResponse } from '../openai/stored-response.ts';
import { chatFields, toChatRequest } from '../openai/to-completion-request.ts';
import { toPrediction } from '../openai/to-prediction.ts';
import { completeRecorded } from '../request-log/complete-recorded.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/chat/completions',
  tags: ['Generation'],
  summary: 'Answer a conversation',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(chatRequestSchema) },
  responses: {
    200: {
      description: 'The answer, or with `stream` its chunks.',
      content: { ...jsonContent(chatCompletionSchema), ...eventStream('ChatCompletionChunk') },
    },
    ...errorResponses(400, 401, 404, 405, 408, 413, 415, 500, 503),
  },
});

export function chatCompletionsRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const model = await requestedModel(c, body.model);
    const context = requestContext(c, model);
    const prediction = await toPrediction(body, model, context.budget);
    const request = { ...(await toChatRequest(body, model, context.budget)), prediction };
    checkWork(model, [request], c.var.maxWork, chatFields(body));
    const store = answerStore(c, { store: body.store }, context);
    const completion = await completeRecorded(model, [request], context, body.timeout_ms);
    const chunksOf = () => chatChunks(body, model, request, completion, context.budget);
    if (store)
      return storedResponse(c, store, body, chunksOf, context, body.stream ? undefined : (stored) => joinChat(stored, body)) as never;
    const chunks = chunksOf();
    return body.stream ? sseResponse(chunks, context) : wholeResponse(c, joinChat(chunks, body), context);
  });
}
