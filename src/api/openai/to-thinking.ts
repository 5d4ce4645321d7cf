import type { ThinkTags } from '../../core/folder/manifest.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { ChatWireRequest } from './schemas/chat-schema.ts';

/** How a model thinks before it answers. */
export interface Thinking {
  readonly tags: ThinkTags;
  /** Whether the prompt ends within the tags. */
  readonly hasBegun: boolean;
}

/** Tokens at the end of a prompt among which the first tag is looked for. It has a few, and a line break after it. */
const LAST_TOKENS = 32;

/** What is known of a model's thinking: its tags by its manifest or chat template; undefined if there are none. */
export function toThinking(
  { messages, continue_final_message }: ChatWireRequest,
  { manifest, chatTemplate, tokenizer }: LanguageModel,
  prompt: readonly number[],
): Thinking | undefined {
  const tags = manifest.thinkTags ?? chatTemplate?.thinkTags;
  if (tags === undefined) return undefined;
  const end = tokenizer.decode(prompt.slice(-LAST_TOKENS), { skipSpecialTokens: false });
  if (!continue_final_message) return { tags, hasBegun: end.trimEnd().endsWith(tags.start) };
  const { content } = messages[messages.length - 1];
  const begun = typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('');
  return { tags, hasBegun: begun.lastIndexOf(tags.start) > begun.lastIndexOf(tags.end) };
}
