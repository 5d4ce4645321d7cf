import { GptEdgeError } from '../../core/errors.ts';
import { invalidRequest } from '../http/errors.ts';
import { type ChatWireRequest, chatRequestSchema } from './schemas/chat-schema.ts';
import { INCLUDE_LOGPROBS, type ResponseWireRequest, type WireItem } from './schemas/response-schema.ts';

/**
 * The chat that a request for a response stands for.
 * @throws GptEdgeError `invalid_value` for items and tools that do not belong together
 */
export function toChatBody(body: ResponseWireRequest): ChatWireRequest {
  const { input, instructions, max_output_tokens, text, tools, tool_choice, parallel_tool_calls, include, top_logprobs } = body;
  const items: WireItem[] = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
  const logprobs = (include ?? []).includes(INCLUDE_LOGPROBS) || (top_logprobs ?? 0) > 0;
  const { model, timeout_ms, prompt_cache_key, seed, temperature, top_p, top_k, min_p } = body;
  const { frequency_penalty, presence_penalty, repetition_penalty, logit_bias } = body;
  const { success, data, error } = chatRequestSchema.safeParse({
    ...{ model, timeout_ms, prompt_cache_key, seed, temperature, top_p, top_k, min_p },
    ...{ frequency_penalty, presence_penalty, repetition_penalty, logit_bias, parallel_tool_calls },
    messages: withInstructions(instructions, toMessages(items)),
    max_completion_tokens: max_output_tokens,
    response_format: toResponseFormat(text),
    tools: tools?.map(({ type, ...described }) => ({ type, function: described })),
    tool_choice: toToolChoice(tool_choice),
    logprobs,
    stream: body.stream,
    stream_options: body.stream ? { include_usage: true } : undefined,
    top_logprobs: logprobs ? (top_logprobs ?? 0) : undefined,
  });
  if (success) return data;
  throw inResponse(invalidRequest(error));
}

type Message = ChatWireRequest['messages'][number];

/** The messages of items: calls are part of the assistant's message before them. */
function toMessages(items: readonly WireItem[]): Message[] {
  const messages: Message[] = [];
  for (const item of items) {
    if (item.type === 'item_reference') continue;
    if (item.type === 'function_call_output') messages.push({ role: 'tool', tool_call_id: item.call_id, content: textOf(item.output) });
    else if (item.type !== 'function_call') messages.push({ role: item.role, content: textOf(item.content) });
    else {
      const last = messages.at(-1);
      const call = { id: item.call_id, type: 'function' as const, function: { name: item.name, arguments: item.arguments } };
      if (last?.role === 'assistant') last.tool_calls = [...((last.tool_calls as (typeof call)[] | undefined) ?? []), call];
      else messages.push({ role: 'assistant', content: null, tool_calls: [call] });
    }
  }
  return messages;
}

type WireContent = string | { text: string }[];
const textOf = (content: WireContent): string => (typeof content === 'string' ? content : content.map(({ text }) => text).join(''));

/** Instructions are one system message with what the input begins with, since many templates take one. */
function withInstructions(instructions: string | null | undefined, messages: readonly Message[]): readonly Message[] {
  if (instructions == null) return messages;
  const [first, ...rest] = messages;
  const isSystem = first.role === 'system' || first.role === 'developer';
  if (isSystem) return [{ ...first, content: `${instructions}\n\n${first.content}` }, ...rest];
  return [{ role: 'system', content: instructions }, ...messages];
}

function toResponseFormat(text: ResponseWireRequest['text']): ChatWireRequest['response_format'] {
  const format = text?.format;
  if (format?.type !== 'json_schema') return format;
  const { type, ...json_schema } = format;
  return { type, json_schema };
}

function toToolChoice(choice: ResponseWireRequest['tool_choice']): ChatWireRequest['tool_choice'] {
  if (choice == null || typeof choice === 'string') return choice;
  if (choice.type === 'function') return { type: 'function', function: { name: choice.name } };
  const tools = choice.tools.map(({ name }) => ({ type: 'function' as const, function: { name } }));
  return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools } };
}

/** What a chat's fields are called in a request for a response. */
const NAMES: readonly [chat: RegExp, response: string][] = [
  [/^messages.*/, 'input'],
  [/^max_completion_tokens/, 'max_output_tokens'],
  [/^response_format(\.json_schema)?/, 'text.format'],
  [/^(tools\[\d+\])\.function/, '$1'],
];

/** An error of a chat, with the names that the fields have in a request for a response. */
export function inResponse(error: unknown): unknown {
  if (!(error instanceof GptEdgeError) || error.param === null) return error;
  const { code, message, param, cause, retryAfterSeconds } = error;
  const [pattern, name] = NAMES.find(([chat]) => chat.test(param)) ?? [/^$/, ''];
  const renamed = param.replace(pattern, name);
  const told = message.replace(`Invalid ${param}:`, () => `Invalid ${renamed}:`);
  return new GptEdgeError(code, told, { param: renamed, cause, retryAfterSeconds: retryAfterSeconds ?? undefined });
}
