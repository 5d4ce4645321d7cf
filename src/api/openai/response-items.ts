import type { AnswerSession } from '../http/answer-session.ts';
import { itemId } from './item-id.ts';
import type { ResponseWireRequest, WireItem } from './schemas/response-schema.ts';

const PREFIX = {
  message: 'msg',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  function_call_output: 'item',
  custom_tool_call_output: 'item',
  item_reference: 'item',
} as const;

/** The items that a stored response answers, each with an id. */
export function inputItemsOf({ id, body }: AnswerSession): (WireItem & { id: string })[] {
  const { input } = JSON.parse(body) as ResponseWireRequest;
  const items: WireItem[] = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
  return items.map((item, index) => toItem(item, item.id ?? itemId(PREFIX[item.type ?? 'message'], id, `i${index}`)));
}

/** An item as OpenAI lists it: what a message says, in parts. */
function toItem(item: WireItem, id: string): WireItem & { id: string } {
  if (item.type !== 'message' && item.type != null) return { ...item, id };
  const type = item.role === 'assistant' ? ('output_text' as const) : ('input_text' as const);
  const content = typeof item.content === 'string' ? [{ type, text: item.content }] : item.content;
  return { ...item, type: 'message', id, status: item.status ?? 'completed', content };
}
