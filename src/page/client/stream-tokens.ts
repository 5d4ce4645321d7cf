import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { ChatChunk } from '../../api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../api/openai/schemas/completion-schema.ts';
import type { Token } from '../state/token.ts';
import { ApiError } from './api-error.ts';
import { request } from './request-json.ts';

export type FinishReason = 'stop' | 'length';

/** What one event of a stream tells. */
export interface TokenBatch {
  /** The tokens that the model read; in the first batch alone. */
  promptIds?: number[];
  tokens: Token[];
  finish: FinishReason | null;
}

/**
 * Streams a completion, or with `messages` in the body a chat, as tokens with their ids and log-probabilities.
 * @throws ApiError for what the API refuses, before the stream or in it; the signal's reason once it is aborted
 */
export async function* streamTokens(body: object, signal: AbortSignal): AsyncGenerator<TokenBatch> {
  const isChat = 'messages' in body;
  const wanted = { ...body, stream: true, return_token_ids: true, logprobs: isChat ? true : 0 };
  const answer = await request(isChat ? '/v1/chat/completions' : '/v1/completions', wanted, signal);
  const events = answer.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done && isWhole) return;
      if (done) throw new ApiError('The answer broke off.');
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
  return { promptIds: prompt_token_ids, tokens, finish: finish_reason };
}

function chatBatch({ choices: [{ token_ids = [], logprobs, finish_reason }], prompt_token_ids }: ChatChunk): TokenBatch {
  const tokens = token_ids.map((id, index) => {
    const { token, logprob } = logprobs!.content[index];
    return { id, label: token, logprob };
  });
  return { promptIds: prompt_token_ids, tokens, finish: finish_reason };
}
