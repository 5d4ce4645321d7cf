import { requestJson } from '../client/request-json.ts';
import type { Token } from './token.ts';

/** One of the tokens that could come, as /v1/next-token tells it. */
export interface Alternative {
  id: number;
  token: string;
  probability: number;
  logprob: number;
  end_of_sequence: boolean;
}

/** What a token was drawn from. */
export interface Distribution {
  /** Most probable first; tokens that end the text are among them wherever they rank. */
  alternatives: Alternative[];
  /** How many tokens are not among them, and their probability together. */
  restCount: number;
  restProbability: number;
}

interface NextToken {
  tokens: Alternative[];
  end_of_sequence: Alternative[];
  rest_probability: number;
}

const SHOWN = 10;

/**
 * The distribution after `ids`, with the token that was drawn from it wherever that ranks.
 * @throws ApiError
 */
export async function loadDistribution(
  model: { id: string; vocabulary_size: number },
  ids: readonly number[],
  drawn: Token,
  signal?: AbortSignal,
): Promise<Distribution> {
  const { tokens, end_of_sequence } = await requestJson<NextToken>(
    '/v1/next-token',
    { model: model.id, prompt: ids, top_k: SHOWN },
    signal,
  );
  const isMissing = ({ id }: { id: number }) => !tokens.some((token) => token.id === id);
  const shown = [...tokens, ...end_of_sequence.filter(isMissing)];
  const { id, label, logprob } = drawn;
  if (!shown.some((token) => token.id === id) && logprob !== null)
    shown.push({ id, token: label, logprob, probability: Math.exp(logprob), end_of_sequence: false });
  const alternatives = shown.sort((a, b) => b.probability - a.probability);
  const sum = alternatives.reduce((total, { probability }) => total + probability, 0);
  return { alternatives, restCount: model.vocabulary_size - alternatives.length, restProbability: Math.max(0, 1 - sum) };
}
