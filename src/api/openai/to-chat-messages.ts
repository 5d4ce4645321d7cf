import type { ChatMessage } from '../../tokenizer/chat-template.ts';
import type { ChatWireRequest } from './schemas/chat-schema.ts';

/** The wire's messages as the chat template reads them: text parts joined, `developer` as `system`. */
export function toChatMessages(messages: ChatWireRequest['messages']): ChatMessage[] {
  return messages.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : content.map((part) => part.text).join(''),
  }));
}
