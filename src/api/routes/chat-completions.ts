import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { checkContext } from '../../generation/check-context.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { GptEdgeError } from '../../model/errors.ts';
import type { AppEnv } from '../app-env.ts';
import { type Call, completeRecorded } from '../complete-recorded.ts';
import { jsonBodyMiddleware } from '../middleware/json-body.ts';
import { requestedModel } from '../requested-model.ts';
import { responseEnvelope } from '../response-envelope.ts';
import {
  type ChatChunk,
  type ChatChunkChoice,
  type ChatCompletion,
  type ChatWireRequest,
  chatCompletionSchema,
  chatRequestSchema,
  DEFAULT_CHAT_MAX_TOKENS,
} from '../schemas/chat-schema.ts';
import { eventStream, jsonBody, jsonContent } from '../schemas/content.ts';
import { errorResponses } from '../schemas/error-schema.ts';
import { toUsage } from '../schemas/usage-schema.ts';
import { sseResponse } from '../sse-response.ts';
import { toChatLogprobs } from '../to-chat-logprobs.ts';
import { toChatMessages } from '../to-chat-messages.ts';
import { toSamplingOptions, toStops } from '../to-sampling-options.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/chat/completions',
  summary: 'Answer a conversation',
  middleware: jsonBodyMiddleware,
  request: { body: jsonBody(chatRequestSchema) },
  responses: {
    200: {
      description: 'The answer, or with `stream` its chunks.',
      content: { ...jsonContent(chatCompletionSchema), ...eventStream('ChatCompletionChunk') },
    },
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

export function chatCompletionsRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const call = { signal: c.req.raw.signal, record: c.var.record };
    const model = await requestedModel(c, body.model);
    const request = toCompletionRequest(body, model);
    checkContext(model, request.prompt.length, request.maxTokens, { prompt: 'messages', maxTokens: 'max_completion_tokens' });
    const envelope = responseEnvelope('chatcmpl', model);
    if (body.stream) return sseResponse(chunks(model, request, envelope, body.stream_options?.include_usage ?? false, call), call) as never;
    return c.json(await whole(model, request, envelope, call), 200);
  });
}

type Envelope = ReturnType<typeof responseEnvelope>;

function toCompletionRequest(body: ChatWireRequest, model: LanguageModel): CompletionRequest {
  if (model.chatTemplate === null)
    throw new GptEdgeError(
      'chat_template_error',
      `The model ${model.id} has no chat template: it completes text at /v1/completions, but cannot chat.`,
      { param: 'model' },
    );
  const prompt = model.chatTemplate.encode(toChatMessages(body.messages), model.tokenizer);
  const left = model.decoder.contextWindow - prompt.length;
  return {
    prompt,
    choices: body.n ?? 1,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? Math.max(1, Math.min(left, DEFAULT_CHAT_MAX_TOKENS)),
    stops: toStops(body.stop),
    sampling: toSamplingOptions(body, model),
    topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    scorePrompt: false,
  };
}

async function* chunks(
  model: LanguageModel,
  request: CompletionRequest,
  envelope: Envelope,
  includeUsage: boolean,
  call: Call,
): AsyncGenerator<ChatChunk> {
  const head = { ...envelope, object: 'chat.completion.chunk' as const };
  const chunk = (choice: ChatChunkChoice): ChatChunk => ({ ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}) });
  let completionTokens = 0;
  let opened = -1;
  for await (const event of completeRecorded(model, request, call)) {
    if (event.type === 'prompt') continue;
    const { choice: index, text, tokens, finishReason } = event;
    if (index > opened)
      yield chunk({ index, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null });
    opened = index;
    const logprobs = request.topLogprobs === undefined || tokens.length === 0 ? null : toChatLogprobs(tokens, model.tokenizer);
    if (text !== '' || logprobs) yield chunk({ index, delta: { content: text }, logprobs, finish_reason: null });
    if (!finishReason) continue;
    completionTokens += event.completionTokens;
    yield chunk({ index, delta: {}, logprobs: null, finish_reason: finishReason });
  }
  if (includeUsage) yield { ...head, choices: [], usage: toUsage(request.prompt.length, completionTokens) };
}

async function whole(model: LanguageModel, request: CompletionRequest, envelope: Envelope, call: Call): Promise<ChatCompletion> {
  const choices: ChatCompletion['choices'] = [];
  let completionTokens = 0;
  for await (const event of completeRecorded(model, request, call)) {
    if (event.type === 'prompt') continue;
    const { choice: index, text, tokens, finishReason } = event;
    const logprobs = request.topLogprobs === undefined ? null : toChatLogprobs(tokens, model.tokenizer);
    choices[index] ??= {
      index,
      message: { role: 'assistant', content: '', refusal: null },
      logprobs: logprobs && { content: [], refusal: null },
      finish_reason: 'length',
    };
    choices[index].message.content += text;
    if (logprobs) choices[index].logprobs?.content.push(...logprobs.content);
    if (!finishReason) continue;
    choices[index].finish_reason = finishReason;
    completionTokens += event.completionTokens;
  }
  return { ...envelope, object: 'chat.completion', choices, usage: toUsage(request.prompt.length, completionTokens) };
}
