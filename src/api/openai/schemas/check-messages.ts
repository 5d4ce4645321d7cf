import type { z } from '@hono/zod-openapi';
import { CONTENT_RULE } from './content-schema.ts';

/** What of a message its place depends on. */
interface Message {
  role: string;
  content?: unknown;
  tool_calls?: unknown;
  tool_call_id?: string | null;
}

/**
 * Checks that each message has what its role needs, and that calls and results belong to each other, as OpenAI's API
 * does: results follow the message with their calls at once, and each call has its result.
 */
export function checkMessages(messages: readonly Message[], context: z.core.$RefinementCtx): void {
  const refuse = (index: number, field: string, message: string) =>
    context.addIssue({ code: 'custom', path: ['messages', index, field], message });
  /** The calls without a result, and the message that has them. */
  let open = new Set<string>();
  let caller = 0;
  const close = () => {
    if (open.size > 0) refuse(caller, 'tool_calls', `no message of the role tool answers ${[...open].join(', ')}`);
    open = new Set();
  };
  for (const [index, message] of messages.entries()) {
    const { role, content, tool_call_id } = message;
    if (content == null && role !== 'assistant') refuse(index, 'content', CONTENT_RULE);
    if (role === 'tool') {
      if (!tool_call_id) refuse(index, 'tool_call_id', 'must be the id of a call');
      else if (!open.delete(tool_call_id)) refuse(index, 'tool_call_id', 'no message with this call stands before it');
      continue;
    }
    close();
    const ids = callsOf(message).map(({ id }) => id);
    if (tool_call_id) refuse(index, 'tool_call_id', 'only allowed in messages of the role tool');
    if (ids.length > 0 && role !== 'assistant') refuse(index, 'tool_calls', 'only allowed in messages of the role assistant');
    if (new Set(ids).size < ids.length) refuse(index, 'tool_calls', 'two calls have the same id');
    open = new Set(ids);
    caller = index;
  }
  close();
}

/** The calls of a message, whichever way it says that it has none. */
export const callsOf = <T extends { id: string }>({ tool_calls }: { tool_calls?: T[] | unknown }): T[] =>
  Array.isArray(tool_calls) ? (tool_calls as T[]) : [];
