import { CHOICE_BEGINNING } from '../../generation/choice-past.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { TokenLogprob } from '../../generation/sampling/log-probabilities.ts';
import type { PlacedToken } from '../../generation/text/text-pieces.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { RecordedCompletion } from '../request-log/complete-recorded.ts';
import { AnswerReader } from './answer-reader.ts';
import { answerHead, type ChoiceEvent, choiceChunks } from './choice-chunks.ts';
import type { ChatCallDelta, ChatChunk, ChatChunkChoice, ChatCompletion, ChatLogprobs, ChatWireRequest } from './schemas/chat-schema.ts';
import type { ChatRequest } from './to-completion-request.ts';

type AnswerHead = ReturnType<typeof chatHead>;

/** What all chunks of a chat have in common. */
export const chatHead = (idPrefix: 'chatcmpl-' | 'resp_', model: LanguageModel, completion: RecordedCompletion) =>
  answerHead(idPrefix, 'chat.completion.chunk', model, completion);

/** The chunks of a chat completion. Each choice opens with the role and closes with an empty delta. */
export async function* chatChunks(
  body: ChatWireRequest,
  model: LanguageModel,
  request: ChatRequest,
  completion: RecordedCompletion,
  budget: WorkBudget,
  head: AnswerHead = chatHead('chatcmpl-', model, completion),
): AsyncGenerator<ChatChunk> {
  const reportsTokens = body.logprobs === true || body.return_token_ids === true;
  const readers = new Map<number, AnswerReader>();
  const idsOfCalls = request.calls && (await callIds(head.id));
  const toParts = (event: ChoiceEvent) => {
    const reader = readers.get(event.index) ?? new AnswerReader(request, reportsTokens, (call) => idsOfCalls!(event.index, call));
    readers.set(event.index, reader);
    return toChatParts(event, reader, body, model.tokenizer);
  };
  const isBegun = completion.notes?.past?.positions.some((position) => position > CHOICE_BEGINNING);
  let promptIds = body.return_token_ids && !isBegun ? { prompt_token_ids: [...request.prompt] } : {};
  for await (const chunk of choiceChunks({ model, requests: [request], completion, body, head, toParts }, budget)) {
    yield { ...chunk, ...promptIds };
    promptIds = {};
  }
}

/**
 * Ids of calls that are the same wherever the answer goes on, and do not tell its id, which may be all that it takes to
 * read it.
 */
async function callIds(answerId: string): Promise<(choice: number, call: number) => string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(answerId)));
  const digits = Array.from(hash.subarray(0, 10), twoDigits).join('');
  return (choice, call) => `call_${digits}${twoDigits(choice)}${twoDigits(call)}`;
}

const twoDigits = (value: number): string => value.toString(16).padStart(2, '0');

type Delta = ChatChunkChoice['delta'];

/** The parts of an event. What is reported of its tokens stands in the first part that has something of the answer. */
function toChatParts(event: ChoiceEvent, reader: AnswerReader, body: ChatWireRequest, tokenizer: TextTokenizer): ChatChunkChoice[] {
  const { index, tokens, finishReason } = event;
  const plain = (delta: Delta): ChatChunkChoice => ({ index, delta, logprobs: null, finish_reason: null });
  const { opening, deltas, reason } = reader.read(event);
  const hasTokens = tokens.length > 0 && (body.logprobs || body.return_token_ids);
  const [first, ...rest] = deltas.length > 0 || !hasTokens ? deltas : [reader.emptyDelta];
  const reported = {
    logprobs: body.logprobs && tokens.length > 0 ? toChatLogprobs(tokens, tokenizer) : null,
    ...(body.return_token_ids ? { token_ids: tokens.map(({ id }) => id) } : {}),
  };
  return [
    ...(opening ? [plain(opening)] : []),
    ...(first ? [{ ...plain(first), ...reported }] : []),
    ...rest.map(plain),
    ...(finishReason ? [{ ...plain({}), finish_reason: reason! }] : []),
  ];
}

/** Log-probabilities in the form of OpenAI's chat API. */
function toChatLogprobs(tokens: readonly PlacedToken[], tokenizer: TextTokenizer): ChatLogprobs {
  const entry = ({ id, logprob }: TokenLogprob) => ({ token: tokenizer.label(id), logprob, bytes: [...tokenizer.bytes(id)] });
  return {
    content: tokens.map(({ id, logprob = 0, top = [] }) => ({ ...entry({ id, logprob }), top_logprobs: top.map(entry) })),
    refusal: null,
  };
}

/** The whole answer that the chunks add up to. @param given what it begins with if there is no chunk yet */
export async function joinChat(chunks: AsyncIterable<ChatChunk>, body: ChatWireRequest, given?: object): Promise<ChatCompletion> {
  const choices: ChatCompletion['choices'] = [];
  let first: ChatChunk | undefined;
  let last: ChatChunk | undefined;
  let stopped: Pick<ChatChunk, 'gpt_edge'> = {};
  for await (const chunk of chunks) {
    for (const part of chunk.choices) {
      choices[part.index] ??= emptyChoice(part.index, body);
      append(choices[part.index], part);
    }
    first ??= chunk;
    if (chunk.gpt_edge) stopped = { gpt_edge: chunk.gpt_edge };
    last = chunk;
  }
  const { choices: _, usage, ...head } = last ?? (given as ChatChunk);
  return { ...head, object: 'chat.completion', choices, prompt_token_ids: first?.prompt_token_ids, usage: usage!, ...stopped };
}

type ChatChoice = ChatCompletion['choices'][number];

const emptyChoice = (index: number, { logprobs, return_token_ids }: ChatWireRequest): ChatChoice => ({
  index,
  message: { role: 'assistant', content: null, refusal: null },
  logprobs: logprobs ? { content: [], refusal: null } : null,
  ...(return_token_ids ? { token_ids: [] } : {}),
  finish_reason: 'length',
});

function append(choice: ChatChoice, { delta, logprobs, token_ids, finish_reason }: ChatChunkChoice): void {
  const { message } = choice;
  if (delta.reasoning_content) message.reasoning_content = (message.reasoning_content ?? '') + delta.reasoning_content;
  if (delta.content != null) message.content = (message.content ?? '') + delta.content;
  for (const call of delta.tool_calls ?? []) appendCall(message, call);
  if (logprobs) choice.logprobs?.content.push(...logprobs.content);
  if (token_ids) choice.token_ids?.push(...token_ids);
  if (finish_reason) choice.finish_reason = finish_reason;
}

function appendCall(message: ChatChoice['message'], delta: ChatCallDelta): void {
  message.tool_calls ??= [];
  message.tool_calls[delta.index] ??= emptyCall(delta);
  const call = message.tool_calls[delta.index];
  if (call.type === 'custom') call.custom.input += delta.custom?.input ?? '';
  else call.function.arguments += delta.function?.arguments ?? '';
}

/** The first part of a call has all but the text of its arguments or its input. */
function emptyCall({ id, function: called, custom }: ChatCallDelta): NonNullable<ChatChoice['message']['tool_calls']>[number] {
  if (custom) return { id: id!, type: 'custom', custom: { name: custom.name!, input: '' } };
  return { id: id!, type: 'function', function: { name: called!.name!, arguments: '' } };
}
