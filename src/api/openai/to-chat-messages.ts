import type { ChatMessage } from '../../tokenizer/chat-template.ts';
import type { ChatWireRequest } from './schemas/chat-schema.ts';
import { callsOf } from './schemas/check-messages.ts';
import type { WireToolCall } from './schemas/tool-schema.ts';

type WireMessage = ChatWireRequest['messages'][number];

/**
 * Turns messages into what the chat template reads: text parts are joined, `developer` becomes `system`, and a result
 * gets the name of its function.
 */
export function toChatMessages(messages: readonly WireMessage[]): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.map(({ role, content, reasoning_content, tool_calls, tool_call_id }) => {
    const calls = callsOf<WireToolCall>({ tool_calls });
    for (const { id, function: called } of calls) names.set(id, called.name);
    return {
      role: role === 'developer' ? 'system' : role,
      content: textOf(content),
      ...(reasoning_content != null && { reasoning: reasoning_content }),
      ...(calls.length > 0 && {
        toolCalls: calls.map(({ id, function: called }) => ({ id, name: called.name, arguments: called.arguments })),
      }),
      ...(role === 'tool' && { toolCallId: tool_call_id!, name: names.get(tool_call_id!) }),
    };
  });
}

const textOf = (content: WireMessage['content']): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('');
