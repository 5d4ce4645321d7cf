import type { Context } from 'hono';
import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import type { AnswerSession } from '../http/answer-session.ts';
import type { AppEnv } from '../http/app-env.ts';
import { MAX_BODY_BYTES } from '../http/json-body.ts';
import { responseOfItem } from './item-id.ts';
import { inputItemsOf } from './response-items.ts';
import { isResponse, responseOf } from './response-stream.ts';
import { MAX_ITEMS, type ResponseWireRequest, type WireItem } from './schemas/response-schema.ts';
import { sessionsFor } from './stored-response.ts';

/**
 * A request with all that it refers to in its input: the conversation of `previous_response_id`, and items that are named
 * by their ids. A stored response so has the whole conversation, and depends on no other.
 * @throws GptEdgeError `completion_not_found` for what is not stored, or not for this caller; `invalid_value` for what is
 *   not complete, and for a conversation that is too long; `unsupported_parameter` where nothing is stored
 */
export async function withHistory(c: Context<AppEnv>, body: ResponseWireRequest): Promise<ResponseWireRequest> {
  if (c.env?.sessions?.areResumed) return body;
  const { previous_response_id: previous } = body;
  const items: WireItem[] = typeof body.input === 'string' ? [{ type: 'message', role: 'user', content: body.input }] : body.input;
  if (previous == null && !items.some(({ type }) => type === 'item_reference')) return body;
  const history = previous == null ? [] : await conversationOf(c, previous, 'previous_response_id');
  const input = [...history, ...(await Promise.all(items.map((item) => resolved(c, item))))];
  if (input.length > MAX_ITEMS || JSON.stringify(input).length > MAX_BODY_BYTES)
    throw new GptEdgeError(
      'invalid_value',
      `Invalid previous_response_id: the conversation has over ${MAX_ITEMS} items, or over ${MAX_BODY_BYTES} characters.`,
      { param: previous == null ? 'input' : 'previous_response_id' },
    );
  return { ...body, input };
}

async function resolved(c: Context<AppEnv>, item: WireItem): Promise<WireItem> {
  if (item.type !== 'item_reference') return item;
  const responseId = responseOfItem(item.id);
  const items = responseId === undefined ? [] : await conversationOf(c, responseId, 'input');
  const found = items.find(({ id }) => id === item.id);
  if (!found) throw notFound(item.id, 'input', 'item');
  return found;
}

/** The items of a stored response: its input, and then its output. */
async function conversationOf(c: Context<AppEnv>, id: string, param: string): Promise<WireItem[]> {
  const session: AnswerSession | null = (await sessionsFor(c, param).find(id)) ?? null;
  if (!session || !isResponse(session) || session.owner !== c.var.grant.owner) throw notFound(id, param, 'response');
  if (session.state !== 'ended')
    throw new GptEdgeError('invalid_value', `Invalid ${param}: the response ${JSON.stringify(excerpt(id))} is not complete.`, { param });
  return [...inputItemsOf(session), ...responseOf(session).output] as WireItem[];
}

const notFound = (id: string, param: string, what: 'item' | 'response'): GptEdgeError =>
  new GptEdgeError(
    'completion_not_found',
    `There is no ${what} with the id ${JSON.stringify(excerpt(id))}: none was stored, or its time is over.`,
    {
      param,
    },
  );
