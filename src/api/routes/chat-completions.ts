import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { GptEdgeError } from '../../core/errors.ts';
import { checkContext } from '../../generation/check-context.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { AppEnv } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { sseResponse } from '../http/sse-response.ts';
import { requestedModel } from '../openai/requested-model.ts';
import { responseEnvelope } from '../openai/response-envelope.ts';
import {
  type ChatChunk,
  type ChatChunkChoice,
  type ChatCompletion,
  type ChatWireRequest,
  chatCompletionSchema,
  chatRequestSchema,
  DEFAULT_CHAT_MAX_TOKENS,
} from '../openai/schemas/chat-schema.ts';
import { eventStream, jsonBody, jsonContent } from '../openai/schemas/content.ts';
import { errorResponses } from '../openai/schemas/error-schema.ts';
import { toUsage } from '../openai/schemas/usage-schema.ts';
import { toChatLogprobs } from '../openai/to-chat-logprobs.ts';
import { toChatMessages } from '../openai/to-chat-messages.ts';
import { toSamplingOptions, toStops } from '../openai/to-sampling-options.ts';
import { type Call, completeRecorded } from '../request-log/complete-recorded.ts';

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
    const job = {
      model,
      request,
      envelope,
      includeUsage: body.stream_options?.include_usage ?? false,
      returnTokenIds: body.return_token_ids ?? false,
    };
    if (body.stream) return sseResponse(chunks(job, call), call) as never;
    return c.json(await whole(job, call), 200);
  });
}

interface ChatJob {
  model: LanguageModel;
  request: CompletionRequest;
  envelope: ReturnType<typeof responseEnvelope>;
  includeUsage: boolean;
  returnTokenIds: boolean;
}

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

async function* chunks(job: ChatJob, call: Call): AsyncGenerator<ChatChunk> {
  const { model, request, envelope, includeUsage, returnTokenIds } = job;
  const head = { ...envelope, object: 'chat.completion.chunk' as const };
  const chunk = (choice: ChatChunkChoice): ChatChunk => ({ ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}) });
  const ids = (tokens: readonly { id: number }[]) => (returnTokenIds ? { token_ids: tokens.map(({ id }) => id) } : {});
  let completionTokens = 0;
  let opened = -1;
  for await (const event of completeRecorded(model, request, call)) {
    if (event.type === 'prompt') continue;
    const { choice: index, text, tokens, finishReason } = event;
    if (index > opened) {
      const first = chunk({ index, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null });
      yield returnTokenIds && index === 0 ? { ...first, prompt_token_ids: [...request.prompt] } : first;
    }
    opened = index;
    const logprobs = request.topLogprobs === undefined || tokens.length === 0 ? null : toChatLogprobs(tokens, model.tokenizer);
    if (text !== '' || logprobs || (returnTokenIds && tokens.length > 0))
      yield chunk({ index, delta: { content: text }, logprobs, ...ids(tokens), finish_reason: null });
    if (!finishReason) continue;
    completionTokens += event.completionTokens;
    yield chunk({ index, delta: {}, logprobs: null, finish_reason: finishReason });
  }
  if (includeUsage) yield { ...head, choices: [], usage: toUsage(request.prompt.length, completionTokens) };
}

async function whole({ model, request, envelope, returnTokenIds }: ChatJob, call: Call): Promise<ChatCompletion> {
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
      ...(returnTokenIds ? { token_ids: [] } : {}),
      finish_reason: 'length',
    };
    choices[index].message.content += text;
    if (logprobs) choices[index].logprobs?.content.push(...logprobs.content);
    choices[index].token_ids?.push(...tokens.map(({ id }) => id));
    if (!finishReason) continue;
    choices[index].finish_reason = finishReason;
    completionTokens += event.completionTokens;
  }
  const prompt = returnTokenIds ? { prompt_token_ids: [...request.prompt] } : {};
  return { ...envelope, object: 'chat.completion', choices, ...prompt, usage: toUsage(request.prompt.length, completionTokens) };
}
