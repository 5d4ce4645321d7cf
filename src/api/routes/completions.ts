import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { GptEdgeError } from '../../core/errors.ts';
import { checkContext } from '../../generation/check-context.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { AppEnv } from '../http/app-env.ts';
import { jsonBodyMiddleware } from '../http/json-body.ts';
import { sseResponse } from '../http/sse-response.ts';
import { type CompletionJob, completionChoices } from '../openai/completion-choices.ts';
import { requestedModel } from '../openai/requested-model.ts';
import { responseEnvelope } from '../openai/response-envelope.ts';
import {
  type Completion,
  type CompletionChoice,
  type CompletionWireRequest,
  completionRequestSchema,
  completionSchema,
  DEFAULT_MAX_TOKENS,
} from '../openai/schemas/completion-schema.ts';
import { eventStream, jsonBody, jsonContent } from '../openai/schemas/content.ts';
import { errorResponses } from '../openai/schemas/error-schema.ts';
import { MAX_COMPLETIONS } from '../openai/schemas/prompt-schema.ts';
import { toUsage } from '../openai/schemas/usage-schema.ts';
import { toPromptTokens } from '../openai/to-prompt-tokens.ts';
import { toSamplingOptions, toStops } from '../openai/to-sampling-options.ts';
import type { Call } from '../request-log/complete-recorded.ts';

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
    ...errorResponses(400, 401, 404, 405, 413, 415, 500, 503),
  },
});

export function completionsRoute(app: OpenAPIHono<AppEnv>): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const call = { signal: c.req.raw.signal, record: c.var.record };
    const model = await requestedModel(c, body.model);
    const job = toJob(body, model);
    for (const { tokens } of job.prompts) checkContext(model, tokens.length, job.maxTokens);
    const head = { ...responseEnvelope('cmpl', model), object: 'text_completion' as const };
    if (body.stream) return sseResponse(chunks(job, head, body.stream_options?.include_usage ?? false, call), call) as never;
    return c.json(await whole(job, head, call), 200);
  });
}

type Head = Omit<Completion, 'choices' | 'usage'>;

function toJob(body: CompletionWireRequest, model: LanguageModel): CompletionJob {
  const prompts = promptList(body.prompt).map((prompt) => {
    const tokens = toPromptTokens(prompt, model);
    return { tokens, text: typeof prompt === 'string' ? prompt : model.tokenizer.decode(tokens) };
  });
  const n = body.n ?? 1;
  if (prompts.length * n > MAX_COMPLETIONS)
    throw new GptEdgeError(
      'invalid_value',
      `Invalid n: ${prompts.length} prompts with n = ${n} are ${prompts.length * n} completions, and a request has at most ${MAX_COMPLETIONS}.`,
      { param: 'n' },
    );
  return {
    model,
    prompts,
    n,
    maxTokens: body.max_tokens ?? DEFAULT_MAX_TOKENS,
    stops: toStops(body.stop),
    sampling: toSamplingOptions(body, model),
    echo: body.echo ?? false,
    logprobs: body.logprobs ?? undefined,
    returnTokenIds: body.return_token_ids ?? false,
  };
}

function promptList(prompt: CompletionWireRequest['prompt']): (string | number[] | null)[] {
  if (!Array.isArray(prompt)) return [prompt ?? null];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as (string | number[])[]);
}

const promptTokens = (job: CompletionJob) => job.prompts.reduce((sum, { tokens }) => sum + tokens.length, 0);

async function* chunks(job: CompletionJob, head: Head, includeUsage: boolean, call: Call): AsyncGenerator<Completion> {
  let completionTokens = 0;
  for await (const part of completionChoices(job, call)) {
    if (part.choice.finish_reason) completionTokens += part.completionTokens;
    yield { ...head, choices: [part.choice], ...(includeUsage ? { usage: null } : {}) };
  }
  if (includeUsage) yield { ...head, choices: [], usage: toUsage(promptTokens(job), completionTokens) };
}

async function whole(job: CompletionJob, head: Head, call: Call): Promise<Completion> {
  const choices: CompletionChoice[] = [];
  let completionTokens = 0;
  for await (const { choice, completionTokens: count } of completionChoices(job, call)) {
    choices[choice.index] = append(choices[choice.index], choice);
    if (choice.finish_reason) completionTokens += count;
  }
  return { ...head, choices, usage: toUsage(promptTokens(job), completionTokens) };
}

function append(before: CompletionChoice | undefined, part: CompletionChoice): CompletionChoice {
  if (before === undefined) return part;
  const { logprobs, token_ids, prompt_token_ids } = before;
  if (logprobs && part.logprobs)
    for (const key of Object.keys(logprobs) as (keyof typeof logprobs)[]) (logprobs[key] as unknown[]).push(...part.logprobs[key]);
  if (token_ids && part.token_ids) token_ids.push(...part.token_ids);
  return { ...part, text: before.text + part.text, logprobs, token_ids, prompt_token_ids };
}
