import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { checkWork } from '../../generation/check-work.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { errorBody, handleError } from '../http/errors.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { sseResponse } from '../http/sse-response.ts';
import { wholeResponse } from '../http/whole-response.ts';
import { chatChunks } from '../openai/chat-chunks.ts';
import { joinResponse, newResponse, responseEvents } from '../openai/response-events.ts';
import { errorResponses, eventStream, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import { responseRequestSchema, responseSchema } from '../openai/schemas/response-schema.ts';
import { inResponse, toChatBody } from '../openai/to-chat-body.ts';
import { chatFields, toChatRequest } from '../openai/to-completion-request.ts';
import { completeRecorded } from '../request-log/complete-recorded.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/responses',
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
    const body = c.req.valid('json');
    const chat = toChatBody(body);
    const model = await requestedModel(c, body.model);
    const context = requestContext(c, model);
    const { record, budget } = context;
    try {
      const request = await toChatRequest(chat, model, budget);
      checkWork(model, [request], c.var.maxWork, chatFields(chat));
      const completion = await completeRecorded(model, [request], context, body.timeout_ms);
      const chunks = chatChunks(chat, model, request, completion, budget);
      const response = newResponse(body, model, request);
      if (!body.stream) return wholeResponse(c, joinResponse(response, chunks), context);
      const failure = (error: unknown) => errorBody(handleError(inResponse(error), record)).error;
      return sseResponse(responseEvents(response, chunks, failure), context, { isNamed: true });
    } catch (error) {
      throw inResponse(error);
    }
  });
}
