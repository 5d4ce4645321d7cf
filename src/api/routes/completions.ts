import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { checkWork } from '../../generation/check-work.ts';
import { type AppEnv, requestContext, requestedModel } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { sseResponse } from '../http/sse-response.ts';
import { wholeResponse } from '../http/whole-response.ts';
import { completionChunks, joinCompletion } from '../openai/completion-chunks.ts';
import { errorResponses, eventStream, jsonBody, jsonContent } from '../openai/schemas/bodies.ts';
import { completionRequestSchema, completionSchema } from '../openai/schemas/completion-schema.ts';
import { answerStore, storedResponse } from '../openai/stored-response.ts';
import { toCompletionRequests } from '../openai/to-completion-request.ts';
import { completeRecorded } from '../request-log/complete-recorded.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/completions',
  tags: ['Generation'],
  summary: 'Complete a text',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(completionRequestSchema) },
  responses: {
    200: {
      description: 'The completion, or with `stream` its chunks.',
      content: { ...jsonContent(completionSchema), ...eventStream('Completion') },
    },
    ...errorResponses(400, 401, 404, 405, 408, 413, 415, 500, 503),
  },
});

export function completionsRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const model = await requestedModel(c, body.model);
    const context = requestContext(c, model);
    const requests = await toCompletionRequests(body, model, context.budget);
    checkWork(model, requests, c.var.maxWork, { prompt: 'prompt', choices: body.best_of == null ? 'n' : 'best_of' });
    const store = answerStore(c, { store: body.store }, context);
    const completion = await completeRecorded(model, requests, context, body.timeout_ms);
    const chunksOf = () => completionChunks(body, model, requests, completion, context.budget);
    if (store) return storedResponse(c, store, body, chunksOf, context, body.stream ? undefined : joinCompletion) as never;
    const chunks = chunksOf();
    return body.stream ? sseResponse(chunks, context) : wholeResponse(c, joinCompletion(chunks), context);
  });
}
