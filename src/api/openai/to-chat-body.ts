import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import { invalidRequest } from '../http/errors.ts';
import { type ChatWireRequest, chatRequestSchema } from './schemas/chat-schema.ts';
import { INCLUDE_LOGPROBS, type ResponseWireRequest, type WireItem } from './schemas/response-schema.ts';
import type { WireToolCall } from './schemas/tool-schema.ts';

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
    tools: tools?.map(toTool),
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
  const answered = new Set<string>();
  for (const item of items) {
    if (item.type === 'item_reference') continue;
    if (!('call_id' in item)) messages.push({ role: item.role, content: textOf(item.content) });
    else if ('output' in item) {
      if (!answered.has(`${item.type} ${item.call_id}`)) throw withoutCall(item);
      messages.push({ role: 'tool', tool_call_id: item.call_id, content: textOf(item.output) });
    } else {
      answered.add(`${item.type}_output ${item.call_id}`);
      const last = messages.at(-1);
      if (last?.role === 'assistant') last.tool_calls = [...((last.tool_calls as WireToolCall[] | undefined) ?? []), toCall(item)];
      else messages.push({ role: 'assistant', content: null, tool_calls: [toCall(item)] });
    }
  }
  return messages;
}

type CallItem = Extract<WireItem, { type: 'function_call' | 'custom_tool_call' }>;

function toCall(item: CallItem): WireToolCall {
  const { call_id: id, name } = item;
  if (item.type === 'custom_tool_call') return { id, type: 'custom', custom: { name, input: item.input } };
  return { id, type: 'function', function: { name, arguments: item.arguments } };
}

const withoutCall = ({ type, call_id }: { type: string; call_id: string }): GptEdgeError =>
  new GptEdgeError('invalid_value', `Invalid input: no call of the kind that a ${type} answers has the id ${excerpt(call_id)} before it.`, {
    param: 'input',
  });

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

type ResponseTool = NonNullable<ResponseWireRequest['tools']>[number];

function toTool(tool: ResponseTool): NonNullable<ChatWireRequest['tools']>[number] {
  if (tool.type === 'function') {
    const { type, ...described } = tool;
    return { type, function: described };
  }
  const { type, format, ...described } = tool;
  if (format?.type !== 'grammar') return { type, custom: { ...described, format } };
  const { syntax, definition } = format;
  return { type, custom: { ...described, format: { type: 'grammar', grammar: { syntax, definition } } } };
}

function toToolChoice(choice: ResponseWireRequest['tool_choice']): ChatWireRequest['tool_choice'] {
  if (choice == null || typeof choice === 'string') return choice;
  if (choice.type !== 'allowed_tools') return toNamed(choice);
  return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools: choice.tools.map(toNamed) } };
}

const toNamed = ({ type, name }: { type: 'function' | 'custom'; name: string }) =>
  type === 'custom' ? { type, custom: { name } } : { type, function: { name } };

/** What a chat's fields are called in a request for a response. */
const NAMES: readonly [chat: RegExp, response: string][] = [
  [/^messages.*/, 'input'],
  [/^max_completion_tokens/, 'max_output_tokens'],
  [/^response_format(\.json_schema)?/, 'text.format'],
  [/^(tools\[\d+\])\.custom\.format\.grammar/, '$1.format'],
  [/^(tools\[\d+\])\.(function|custom)/, '$1'],
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
