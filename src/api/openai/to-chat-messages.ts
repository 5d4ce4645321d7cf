import { INPUT_CLOSING, INPUT_OPENING } from '../../core/call-syntax.ts';
import type { ChatMessage, ToolCall } from '../../tokenizer/chat-template.ts';
import type { ChatWireRequest } from './schemas/chat-schema.ts';
import { callsOf } from './schemas/check-messages.ts';
import type { WireToolCall } from './schemas/tool-schema.ts';

type WireMessage = ChatWireRequest['messages'][number];

/**
 * Turns messages into what the chat template reads: text parts are joined, `developer` becomes `system`, and a result
 * gets the name of its tool.
 */
export function toChatMessages(messages: readonly WireMessage[]): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.map(({ role, content, reasoning_content, tool_calls, tool_call_id }) => {
    const calls = callsOf<WireToolCall>({ tool_calls }).map(toCall);
    for (const { id, name } of calls) names.set(id, name);
    return {
      role: role === 'developer' ? 'system' : role,
      content: textOf(content),
      ...(reasoning_content != null && { reasoning: reasoning_content }),
      ...(calls.length > 0 && { toolCalls: calls }),
      ...(role === 'tool' && { toolCallId: tool_call_id!, name: names.get(tool_call_id!) }),
    };
  });
}

/** The call of a custom tool is written as the model writes it. */
function toCall(call: WireToolCall): ToolCall {
  const { id } = call;
  if (call.type === 'function') return { id, name: call.function.name, arguments: call.function.arguments };
  const { name, input } = call.custom;
  return { id, name, arguments: `${INPUT_OPENING}${JSON.stringify(input)}${INPUT_CLOSING}` };
}

const textOf = (content: WireMessage['content']): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('');
