import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { ChatCallDelta, ChatChunk } from '../../api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../api/openai/schemas/completion-schema.ts';
import { passHeader } from './challenge.ts';
import { ApiError, request, UNREACHABLE } from './request.ts';
import type { Token } from './token.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls';

/** The next part of a call: its name comes first, and then its arguments or its input, piece by piece. */
export interface CallDelta {
  index: number;
  name?: string;
  arguments?: string;
}

/** How often the page tries to go on with an answer whose connection was lost, and for how long it waits before. */
const MAX_TRIES = 8;
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

/** A stored answer of which the page has read a part. */
export interface StoredAnswer {
  /** Where it was asked for. */
  path: string;
  id: string;
  /** The id of the event that came last. */
  last: string;
}

/** The tokens of one server-sent event. */
export interface TokenBatch {
  /** Ids of the prompt's tokens as the model read them; only in the first batch. */
  promptIds?: number[];
  tokens: Token[];
  /** More of the calls of tools. */
  calls: CallDelta[];
  /** null except in the last batch. */
  finish: FinishReason | null;
  /** Where to go on, if the answer is stored and not complete. */
  stored?: StoredAnswer;
}

/** What is told of a stream besides its tokens. */
export interface StreamListener {
  /** Is called before each try to go on. */
  onLost: () => void;
  /** Is called with a line that says how the server has taken the request. */
  onServed: (line: string) => void;
}

/**
 * Says what the header `server-timing` has for a reader, as in `load warm · queue 0 ms · cached 0 tokens · batch 1`. An
 * entry has a description, or else a duration.
 */
const servedLine = (header: string | null): string =>
  [...(header ?? '').matchAll(/\b(load|queue|cached|batch|object)(?:;dur=(\d+))?(?:;desc="([^"]*)")?/g)]
    .map(([, name, milliseconds, text = `${milliseconds} ms`]) => `${name} ${text}`)
    .join(' · ');

/**
 * Streams the tokens of a completion, or of a chat completion if `body` has `messages`, with ids and log-probabilities.
 * One that is stored (`store`) goes on where it was when the connection is lost.
 * @throws ApiError if the API refuses the request, reports an error in the stream, or ends it early
 * @throws the signal's reason if it is aborted
 */
export async function* streamTokens(body: object, signal: AbortSignal, listener: StreamListener): AsyncGenerator<TokenBatch> {
  const path = 'messages' in body ? '/v1/chat/completions' : '/v1/completions';
  const wanted = { ...body, stream: true, return_token_ids: true, logprobs: 'messages' in body ? true : 0 };
  const { store = false } = body as { store?: boolean };
  yield* goingOn({ path, id: '', last: '' }, await request(path, wanted, signal), signal, store, listener);
}

/** Streams what the page does not have of a stored answer. */
export const resumeTokens = (stored: StoredAnswer, signal: AbortSignal, listener: StreamListener): AsyncGenerator<TokenBatch> =>
  goingOn(stored, undefined, signal, true, listener);

/** Ends a stored answer that nobody wants, if the server can be reached. */
export const forgetAnswer = ({ path, id }: StoredAnswer): Promise<unknown> =>
  fetch(`${path}/${id}`, { method: 'DELETE', headers: passHeader(), keepalive: true }).catch(() => {});

async function* goingOn(
  stored: StoredAnswer,
  answer: Response | undefined,
  signal: AbortSignal,
  isStored: boolean,
  { onLost, onServed }: StreamListener,
): AsyncGenerator<TokenBatch> {
  for (let tries = 0; ; ) {
    try {
      const { path, id, last } = stored;
      answer ??= await request(`${path}/${id}/stream`, undefined, signal, last === '' ? {} : { 'last-event-id': last });
      onServed(servedLine(answer.headers.get('server-timing')));
      for await (const batch of readTokens(answer, stored.path, signal)) {
        tries = 0;
        stored = batch.stored ?? stored;
        yield batch;
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!isStored || stored.id === '' || ++tries > MAX_TRIES || !isLost(error)) throw error;
    }
    answer = undefined;
    onLost();
    await new Promise((resolve) => setTimeout(resolve, Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** tries)));
    signal.throwIfAborted();
  }
}

/** Whether an answer may be there although it has not come. */
const isLost = (error: unknown): boolean =>
  error instanceof ApiError && ([UNREACHABLE, 'engine_unavailable'].includes(error.code ?? '') || (error.status ?? 0) >= 500);

async function* readTokens(answer: Response, path: string, signal: AbortSignal): AsyncGenerator<TokenBatch> {
  const events = answer.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: Error) => {
        signal.throwIfAborted();
        throw ApiError.unreachable(error);
      });
      if (done) throw new ApiError('The answer broke off before its end.', null, UNREACHABLE);
      if (value.data === '[DONE]') return;
      const chunk = JSON.parse(value.data);
      if ('error' in chunk) throw ApiError.from(chunk);
      const batch = path.includes('chat') ? chatBatch(chunk) : completionBatch(chunk);
      // One that has ended is not gone on with.
      yield value.id && !batch.finish ? { ...batch, stored: { path, id: chunk.id, last: value.id } } : batch;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function completionBatch({ choices: [{ token_ids, prompt_token_ids, logprobs, finish_reason }] }: Completion): TokenBatch {
  const tokens = token_ids!.map((id, index) => ({ id, label: logprobs!.tokens[index], logprob: logprobs!.token_logprobs[index] }));
  return { promptIds: prompt_token_ids, tokens, calls: [], finish: finish_reason };
}

function chatBatch({ choices: [{ delta, token_ids = [], logprobs, finish_reason }], prompt_token_ids }: ChatChunk): TokenBatch {
  const tokens = token_ids.map((id, index) => {
    const { token, logprob } = logprobs!.content[index];
    return { id, label: token, logprob };
  });
  return { promptIds: prompt_token_ids, tokens, calls: (delta.tool_calls ?? []).map(toCallDelta), finish: finish_reason };
}

const toCallDelta = ({ index, function: called, custom }: ChatCallDelta): CallDelta =>
  custom ? { index, name: custom.name, arguments: custom.input } : { index, ...called };
