import { GptEdgeError } from '../../core/errors.ts';
import { type ContextFields, checkContext } from '../../generation/check-context.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { SAMPLING_DEFAULTS, type SamplingOptions } from '../../generation/sampling/sampling-options.ts';
import { encodeChatInTurns } from '../../generation/tokenize-in-turns.ts';
import { type ChatModel, encodeToolChat } from '../../generation/tools/tool-chat.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import { type ChatWireRequest, DEFAULT_CHAT_MAX_TOKENS } from './schemas/chat-schema.ts';
import { MAX_CHOICES } from './schemas/common-fields.ts';
import { type CompletionWireRequest, DEFAULT_MAX_TOKENS } from './schemas/completion-schema.ts';
import { type AnswerCalls, callableTools, toAnswerCalls, toCallConstraint, toDefinitions } from './to-calls.ts';
import { toChatMessages } from './to-chat-messages.ts';
import { prepareConstraints, toConstraint } from './to-constraint.ts';
import { toGap } from './to-gap.ts';
import { checkTextLength, checkTokenIds, encodePrompt, toPromptTokens } from './to-prompt-tokens.ts';
import { toTemplateOptions } from './to-template-options.ts';
import { type Thinking, toThinking } from './to-thinking.ts';

/**
 * Turns a completions request into one generation for each of its prompts.
 * @throws GptEdgeError `invalid_value` or `context_length_exceeded`. All prompts are checked here, because once a
 *   stream has begun, its status can no longer say so
 */
export async function toCompletionRequests(
  body: CompletionWireRequest,
  model: LanguageModel,
  budget: WorkBudget,
): Promise<CompletionRequest[]> {
  const prompts: (readonly number[])[] = [];
  const gap = body.suffix ? await toGap(body.suffix, model, budget) : undefined;
  for (const prompt of promptList(body))
    prompts.push(gap ? gap.after(await encodePrompt(prompt, model, budget)) : await toPromptTokens(prompt, model, budget));
  const choices = body.best_of ?? body.n ?? 1;
  checkChoices(prompts.length, choices, body.best_of == null ? 'n' : 'best_of');
  const shared = {
    choices,
    kept: body.n ?? 1,
    maxTokens: body.max_tokens ?? DEFAULT_MAX_TOKENS,
    stops: toStops(body),
    endTokenIds: gap?.ends,
    sampling: toSamplingOptions(body, model),
    // The best completions are found by their scores.
    topLogprobs: body.logprobs ?? (choices > (body.n ?? 1) ? 0 : undefined),
    constraint: await toConstraint(body, model.constraints, budget),
    promptLogprobs: promptLogprobs(body),
    partition: body.prompt_cache_key ?? '',
  };
  const fields = { prompt: 'prompt', maxTokens: body.max_tokens == null ? undefined : 'max_tokens' } as const;
  for (const prompt of prompts) checkContext(model, prompt.length, shared.maxTokens, fields);
  return prompts.map((prompt) => ({ prompt, ...shared }));
}

/** @throws GptEdgeError `invalid_value` for more completions than a request may ask for */
function checkChoices(prompts: number, choices: number, param: 'n' | 'best_of'): void {
  const total = prompts * choices;
  if (total <= MAX_CHOICES) return;
  throw new GptEdgeError(
    'invalid_value',
    `Invalid ${param}: ${prompts} prompts with ${param} = ${choices} are ${total} completions, and a request has at most ${MAX_CHOICES}.`,
    { param },
  );
}

/** How many alternatives are needed for each token of a prompt, by all that report them; undefined if nobody does. */
function promptLogprobs({ echo, logprobs, prompt_logprobs }: CompletionWireRequest): number | undefined {
  const wanted = [echo ? logprobs : null, prompt_logprobs].filter((count) => count != null);
  return wanted.length > 0 ? Math.max(...wanted) : undefined;
}

/**
 * Lists the prompts of a request, whichever of OpenAI's four forms they have. If the prompt is missing, the list is one
 * null.
 */
export function promptList({ prompt }: CompletionWireRequest): (string | number[] | null)[] {
  if (!Array.isArray(prompt)) return [prompt ?? null];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as (string | number[])[]);
}

/**
 * Names the fields of a chat request that a completion calls `prompt` and `max_tokens`: the limit by the name that was
 * sent.
 */
export const chatFields = (body: ChatWireRequest): ContextFields => ({
  prompt: 'messages',
  maxTokens: (['max_completion_tokens', 'max_tokens'] as const).find((field) => body[field] != null),
});

/** The generation that continues a conversation, and the calls that it may have. */
export interface ChatRequest extends CompletionRequest {
  readonly calls?: AnswerCalls;
  /** How the model thinks before it answers, if it does. */
  readonly thinking?: Thinking;
}

/**
 * Turns a chat request into the generation that continues the conversation, as the chat template renders it.
 * @throws GptEdgeError `chat_template_error`, `invalid_value` or `context_length_exceeded`
 */
export async function toChatRequest(body: ChatWireRequest, model: LanguageModel, budget: WorkBudget): Promise<ChatRequest> {
  const chatting = chatModel(model);
  const { prompt, calls } = await toChatPrompt(body, chatting, budget);
  const left = model.decoder.contextWindow - prompt.length;
  const text = await toConstraint(body, model.constraints, budget);
  if (calls) await prepareConstraints(model.constraints, budget);
  const request = {
    prompt,
    choices: body.n ?? 1,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? Math.max(1, Math.min(left, DEFAULT_CHAT_MAX_TOKENS)),
    stops: toStops(body),
    sampling: toSamplingOptions(body, model),
    topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    constraint: calls ? toCallConstraint(body, calls.syntax, text, model.constraints) : text,
    partition: body.prompt_cache_key ?? '',
    calls,
    thinking: toThinking(body, chatting, prompt),
  };
  checkContext(model, prompt.length, request.maxTokens, chatFields(body));
  return request;
}

function chatModel(model: LanguageModel): ChatModel {
  const { chatTemplate } = model;
  if (chatTemplate !== null) return { ...model, chatTemplate };
  throw new GptEdgeError(
    'chat_template_error',
    `The model ${model.id} has no chat template: it completes text at /v1/completions, but cannot chat.`,
    { param: 'model' },
  );
}

const lengthOf = (value: readonly object[] | undefined): number => (value ? JSON.stringify(value).length : 0);

/** Encodes the conversation, with the tools that the answer may call. */
async function toChatPrompt(
  body: ChatWireRequest,
  model: ChatModel,
  budget: WorkBudget,
): Promise<{ prompt: readonly number[]; calls?: AnswerCalls }> {
  const messages = toChatMessages(body.messages);
  const tools = callableTools(body);
  const options = toTemplateOptions(body);
  const lengths = messages.map(({ content, reasoning = '', toolCalls }) => content.length + reasoning.length + lengthOf(toolCalls));
  checkTextLength(
    lengths.reduce((sum, length) => sum + length, lengthOf(tools)),
    model,
    'messages',
  );
  if (tools.length === 0 && !messages.some(({ role, toolCalls }) => role === 'tool' || toolCalls))
    return { prompt: await encodeChatInTurns(messages, model.chatTemplate, model.tokenizer, budget, options) };
  const { prompt, syntax } = await encodeToolChat(model, messages, toDefinitions(tools), budget, options);
  return { prompt, calls: toAnswerCalls(body, syntax) };
}

const toStops = ({ stop }: CompletionWireRequest | ChatWireRequest): readonly string[] =>
  typeof stop === 'string' ? [stop] : (stop ?? []);

/**
 * Collects the sampler's options. Where the request says nothing, the model's recommendation applies; where that says
 * nothing either, {@link SAMPLING_DEFAULTS}.
 */
function toSamplingOptions(body: CompletionWireRequest | ChatWireRequest, model: LanguageModel): SamplingOptions {
  const fallback = { ...SAMPLING_DEFAULTS, ...model.samplingDefaults };
  const logitBias = new Map(Object.entries(body.logit_bias ?? {}).map(([id, bias]) => [Number(id), bias]));
  checkTokenIds([...logitBias.keys()], model, 'logit_bias');
  return {
    temperature: body.temperature ?? fallback.temperature,
    topK: body.top_k ?? fallback.topK,
    topP: body.top_p ?? fallback.topP,
    minP: body.min_p ?? fallback.minP,
    frequencyPenalty: body.frequency_penalty ?? fallback.frequencyPenalty,
    presencePenalty: body.presence_penalty ?? fallback.presencePenalty,
    repetitionPenalty: body.repetition_penalty ?? fallback.repetitionPenalty,
    logitBias,
    seed: body.seed ?? crypto.getRandomValues(new Uint32Array(1))[0],
  };
}
