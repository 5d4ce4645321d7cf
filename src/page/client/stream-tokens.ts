import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { ChatChunk } from '../../api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../api/openai/schemas/completion-schema.ts';
import { ApiError, request } from './request.ts';
import type { Token } from './token.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls';

/** The next part of a call: its name comes first, and then its arguments, piece by piece. */
export interface CallDelta {
  index: number;
  function: { name?: string; arguments?: string };
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
}

/**
 * Says what the header `server-timing` does, as in `load warm · queue 0 ms · cached 0 tokens · batch 1`. An entry has a
 * description, or else a duration.
 */
const servedLine = (header: string | null): string =>
  [...(header ?? '').matchAll(/(\w+)(?:;dur=(\d+))?(?:;desc="([^"]*)")?/g)]
    .map(([, name, milliseconds, text = `${milliseconds} ms`]) => `${name} ${text}`)
    .join(' · ');

/**
 * Streams the tokens of a completion, or of a chat completion if `body` has `messages`, with ids and log-probabilities.
 * @param onServed is called with a line that says how the server has taken the request
 * @throws ApiError if the API refuses the request, reports an error in the stream, or ends it early
 * @throws the signal's reason if it is aborted
 */
export async function* streamTokens(body: object, signal: AbortSignal, onServed: (line: string) => void): AsyncGenerator<TokenBatch> {
  const isChat = 'messages' in body;
  const wanted = { ...body, stream: true, return_token_ids: true, logprobs: isChat ? true : 0 };
  const answer = await request(isChat ? '/v1/chat/completions' : '/v1/completions', wanted, signal);
  onServed(servedLine(answer.headers.get('server-timing')));
  const events = answer.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: Error) => {
        signal.throwIfAborted();
        throw ApiError.unreachable(error);
      });
      if (done && isWhole) return;
      if (done) throw new ApiError('The answer broke off before its end.');
      isWhole = value.data === '[DONE]';
      if (isWhole) continue;
      const chunk = JSON.parse(value.data);
      if ('error' in chunk) throw ApiError.from(chunk);
      yield isChat ? chatBatch(chunk) : completionBatch(chunk);
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
  return { promptIds: prompt_token_ids, tokens, calls: delta.tool_calls ?? [], finish: finish_reason };
}
