import type { NextTokenAnswer, TokenProbability } from '../../api/openai/schemas/next-token-schema.ts';
import { requestJson } from '../client/request.ts';
import type { Token } from '../client/token.ts';

/** A token that could have been chosen at some position. */
export type Alternative = Omit<TokenProbability, 'bytes'>;

/** The probability distribution that a token was drawn from. */
export interface Distribution {
  /** Most probable first. The tokens that end the text are always among them, whatever their rank. */
  alternatives: Alternative[];
  /** How many tokens of the vocabulary are not listed. */
  restCount: number;
  /** The sum of the probabilities of the tokens that are not listed. */
  restProbability: number;
}

/** An answer that must have a form. */
export interface FormedAnswer {
  /** The request's `response_format`. */
  format: object;
  /** How many tokens it has so far. */
  tokens: number;
}

/** How many of the most probable tokens the page lists. */
const SHOWN = 10;

/**
 * Asks for the distribution after `ids`. The token that was `drawn` from it is always listed, whatever its rank.
 * @throws ApiError if the API refuses the request or cannot be reached
 * @throws the signal's reason if it is aborted
 */
export async function loadDistribution(
  model: { id: string; vocabulary_size: number },
  ids: readonly number[],
  drawn: Token,
  { signal, answer }: { signal?: AbortSignal; answer?: FormedAnswer } = {},
): Promise<Distribution> {
  const form = answer && { response_format: answer.format, answer_tokens: answer.tokens };
  const body = { model: model.id, prompt: ids, top_k: SHOWN, ...form };
  const { tokens, end_of_sequence } = await requestJson<NextTokenAnswer>('/v1/next-token', body, signal);
  const isMissing = ({ id }: { id: number }) => !tokens.some((token) => token.id === id);
  const shown: Alternative[] = [...tokens, ...end_of_sequence.filter(isMissing)];
  const { id, label, logprob } = drawn;
  if (!shown.some((token) => token.id === id) && logprob !== null)
    shown.push({ id, token: label, logprob, probability: Math.exp(logprob), end_of_sequence: false });
  const alternatives = shown.sort((a, b) => b.probability - a.probability);
  const sum = alternatives.reduce((total, { probability }) => total + probability, 0);
  return { alternatives, restCount: model.vocabulary_size - alternatives.length, restProbability: Math.max(0, 1 - sum) };
}
