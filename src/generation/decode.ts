import type { Sequence } from '../core/decoder.ts';
import { GptEdgeError } from '../core/errors.ts';
import type { Logits } from '../core/logits.ts';
import type { CompletionRequest } from './completion-request.ts';
import type { LanguageModel } from './language-model.ts';
import { type ScoredToken, scorer } from './sampling/log-probabilities.ts';
import { processLogits } from './sampling/process-logits.ts';
import { randomAt } from './sampling/random-at.ts';
import { sample } from './sampling/sampler.ts';
import type { WorkBudget } from './work-budget.ts';

/** What the decode loop reads of a request. */
export type DecodeRequest = Pick<CompletionRequest, 'prompt' | 'sampling' | 'maxTokens' | 'topLogprobs'>;

/** Where one choice begins, and what it may spend. */
export interface ChoiceStart {
  /** Which of several completions of one prompt this is: it selects the random numbers. */
  readonly choice: number;
  /** The logits after the prompt's last token: [vocabularySize]. */
  readonly logits: Float32Array;
  /** Spent for each token that is fed back. */
  readonly budget: WorkBudget;
}

export interface DecodedToken extends Partial<ScoredToken> {
  id: number;
  /** The model ends the text with this token. */
  endOfSequence: boolean;
}

/**
 * The decode loop: choose, emit, stop?, forward. It ends after an EOS token or `maxTokens`; or early, if other
 * requests leave the KV cache no room: what has been said so far is a shorter answer, not an error.
 * @param sequence holds the prompt
 * @throws the reason of the budget's signal once it is aborted
 */
export async function* decode(
  { manifest, decoder }: Pick<LanguageModel, 'manifest' | 'decoder'>,
  sequence: Sequence,
  request: DecodeRequest,
  { choice, logits, budget }: ChoiceStart,
): AsyncGenerator<DecodedToken> {
  const generated: number[] = [];
  const choose = (current: Logits): DecodedToken => {
    const random = randomAt(request.sampling.seed, choice, request.prompt.length + generated.length);
    const { id, ...scores } = chooseToken(current, request, generated, random);
    generated.push(id);
    return { id, endOfSequence: manifest.eosTokenIds.includes(id), ...scores };
  };
  if (request.maxTokens === 0) return;
  let token: DecodedToken | undefined = choose(decoder.loadLogits(logits));
  while (token) {
    yield token;
    if (token.endOfSequence || generated.length === request.maxTokens) return;
    await budget.spend(manifest.multiplyAddsPerToken);
    token = await forwardIfRoom(sequence, token.id, choose);
  }
}

/** Chooses the next token, and scores it if the request asks for log-probabilities. Overwrites the logits. */
function chooseToken(
  logits: Logits,
  { sampling, prompt, topLogprobs }: DecodeRequest,
  generated: readonly number[],
  random: number,
): { id: number } & Partial<ScoredToken> {
  // Scores are the model's own, so they need a copy of the logits before bias and penalties change them.
  const score = topLogprobs === undefined ? undefined : scorer(logits, topLogprobs, logits.values.slice());
  processLogits(logits.values, sampling, prompt, generated);
  const id = sample(logits, sampling, random);
  return score ? score(id) : { id };
}

/** Feeds a token and chooses the next one; undefined if the KV cache has no room for it. */
async function forwardIfRoom(sequence: Sequence, id: number, choose: (logits: Logits) => DecodedToken): Promise<DecodedToken | undefined> {
  let next: DecodedToken | undefined;
  try {
    await sequence.forwardEach([id], 1, (logits) => {
      next = choose(logits);
    });
  } catch (error) {
    if (!(error instanceof GptEdgeError && error.code === 'memory_limit_exceeded')) throw error;
  }
  return next;
}
