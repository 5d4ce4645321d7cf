import { CHOICE_BEGINNING } from '../../generation/choice-past.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { TokenLogprob } from '../../generation/sampling/log-probabilities.ts';
import type { PlacedToken } from '../../generation/text/text-pieces.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { RecordedCompletion } from '../request-log/complete-recorded.ts';
import { answerHead, type ChoiceEvent, choiceChunks } from './choice-chunks.ts';
import type { ChatChunk, ChatChunkChoice, ChatCompletion, ChatLogprobs, ChatWireRequest } from './schemas/chat-schema.ts';

/** The chunks of a chat completion. Each choice opens with the role and closes with an empty delta. */
export async function* chatChunks(
  body: ChatWireRequest,
  model: LanguageModel,
  request: CompletionRequest,
  completion: RecordedCompletion,
  budget: WorkBudget,
): AsyncGenerator<ChatChunk> {
  const head = answerHead('chatcmpl', 'chat.completion.chunk', model, completion);
  const toParts = (event: ChoiceEvent) => toChatParts(event, body, model.tokenizer);
  const isBegun = completion.notes?.past?.positions.some((position) => position > CHOICE_BEGINNING);
  let promptIds = body.return_token_ids && !isBegun ? { prompt_token_ids: [...request.prompt] } : {};
  for await (const chunk of choiceChunks({ model, requests: [request], completion, body, head, toParts }, budget)) {
    yield { ...chunk, ...promptIds };
    promptIds = {};
  }
}

function toChatParts(
  { index, isFirst, text, tokens, finishReason }: ChoiceEvent,
  body: ChatWireRequest,
  tokenizer: TextTokenizer,
): ChatChunkChoice[] {
  const parts: ChatChunkChoice[] = [];
  if (isFirst) parts.push({ index, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null });
  const hasTokens = tokens.length > 0;
  const logprobs = body.logprobs && hasTokens ? toChatLogprobs(tokens, tokenizer) : null;
  const ids = body.return_token_ids ? { token_ids: tokens.map(({ id }) => id) } : {};
  if (text !== '' || (hasTokens && (body.logprobs || body.return_token_ids)))
    parts.push({ index, delta: { content: text }, logprobs, ...ids, finish_reason: null });
  if (finishReason) parts.push({ index, delta: {}, logprobs: null, finish_reason: finishReason });
  return parts;
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
  message: { role: 'assistant', content: '', refusal: null },
  logprobs: logprobs ? { content: [], refusal: null } : null,
  ...(return_token_ids ? { token_ids: [] } : {}),
  finish_reason: 'length',
});

function append(choice: ChatChoice, { delta, logprobs, token_ids, finish_reason }: ChatChunkChoice): void {
  choice.message.content += delta.content ?? '';
  if (logprobs) choice.logprobs?.content.push(...logprobs.content);
  if (token_ids) choice.token_ids?.push(...token_ids);
  if (finish_reason) choice.finish_reason = finish_reason;
}
