import { messagesOf, type Turn } from './conversation.ts';
import { samplingFields } from './parameters.ts';
import { endIdsOf, modelOf, type PlaygroundState } from './playground-state.ts';

type RequestBody = Record<string, unknown>;

/**
 * How many tokens an answer may have if the reader sets no limit: a story's length, but at most half of the context
 * window.
 */
export const defaultLength = (state: PlaygroundState): number => Math.min(240, Math.floor((modelOf(state)?.context_window ?? 480) / 2));

/**
 * The request for `text`, both as the page sends it and as the code samples show it. In a chat, `turns` come before it.
 */
export function requestFor(state: PlaygroundState, turns: readonly Turn[], text: string): RequestBody {
  const common = { model: state.modelId, ...lengthAndSampling(state) };
  if (state.mode === 'completion') return { prompt: text, ...common };
  return { messages: [...messagesOf(turns, endIdsOf(state)), { role: 'user', content: text }], ...common };
}

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
