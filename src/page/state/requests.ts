import { ApiError } from '../client/request.ts';
import { messagesOf, type Turn } from './conversation.ts';
import { decisionRequest } from './decisions.ts';
import { samplingFields } from './parameters.ts';
import { endIdsOf, modelOf, type PlaygroundState } from './playground-state.ts';

type RequestBody = Record<string, unknown>;

/**
 * How many tokens an answer may have if the reader sets no limit: a story's length, but at most half of the context
 * window.
 */
export const defaultLength = (state: PlaygroundState): number => Math.min(240, Math.floor((modelOf(state)?.context_window ?? 480) / 2));

/** How many tokens the reader's next request asks for at most. */
export function askedLength(state: PlaygroundState): number {
  const { max_tokens: length } = lengthAndSampling(state);
  return typeof length === 'number' ? length : defaultLength(state);
}

/**
 * The request for `text`, both as the page sends it and as the code samples show it. In a chat, `turns` come before it.
 * @throws ApiError if the chat's schema or its tools are no JSON
 */
export function requestFor(state: PlaygroundState, turns: readonly Turn[], text: string): RequestBody {
  if (state.mode === 'decide') return decisionRequest(state, text);
  const common = { model: state.modelId, ...lengthAndSampling(state) };
  if (state.mode === 'completion') return { prompt: text, ...common };
  const messages = [...systemMessages(state), ...messagesOf(turns, endIdsOf(state)), { role: 'user', content: text }];
  return { messages, ...common, ...formatOf(state), ...toolsOf(state) };
}

/** What the chat's answers must be, if anything. */
function formatOf({ schema }: PlaygroundState): RequestBody {
  if (schema.trim() === '') return {};
  const json_schema = { name: 'answer', schema: parsed(schema, 'response_format', 'The schema'), strict: true };
  return { response_format: { type: 'json_schema', json_schema } };
}

/** The tools, of which an answer must call one, if there are any. */
const toolsOf = ({ tools }: PlaygroundState): RequestBody =>
  tools.trim() === '' ? {} : { tools: parsed(tools, 'tools', 'The list of tools'), tool_choice: 'required', parallel_tool_calls: false };

function parsed(text: string, field: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(`${name} cannot be read: ${(error as Error).message}.`, field);
  }
}

/** The system message, which stands before all others, if there is one. */
export const systemMessages = ({ system }: PlaygroundState): { role: 'system'; content: string }[] =>
  system.trim() === '' ? [] : [{ role: 'system', content: system }];

/**
 * The request that continues a text from its last token. It gives the text as token ids: as a string, it might be split
 * into other tokens.
 * @param room how many tokens the context window has left, which is at least 1
 */
export function continuationOf(state: PlaygroundState, { ids, room, seed }: { ids: number[]; room: number; seed: number }): RequestBody {
  const common = lengthAndSampling(state);
  const { max_tokens: length } = common;
  return { model: state.modelId, prompt: ids, ...common, max_tokens: typeof length === 'number' ? Math.min(length, room) : length, seed };
}

const lengthAndSampling = (state: PlaygroundState): RequestBody => ({
  max_tokens: defaultLength(state),
  ...samplingFields(state.fields, state.parameters),
});
