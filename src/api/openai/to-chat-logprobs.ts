import type { TokenLogprob } from '../../generation/sampling/log-probabilities.ts';
import type { PlacedToken } from '../../generation/text/text-pieces.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { ChatLogprobs } from './schemas/chat-schema.ts';

/** Log-probabilities in the shape of OpenAI's chat API. */
export function toChatLogprobs(tokens: readonly PlacedToken[], tokenizer: TextTokenizer): ChatLogprobs {
  const entry = ({ id, logprob }: TokenLogprob) => ({ token: tokenizer.label(id), logprob, bytes: [...tokenizer.bytes(id)] });
  return {
    content: tokens.map(({ id, logprob = 0, top = [] }) => ({ ...entry({ id, logprob }), top_logprobs: top.map(entry) })),
    refusal: null,
  };
}
