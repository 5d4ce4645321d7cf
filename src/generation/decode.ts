import type { Sequence } from '../core/decoder.ts';
import { GptEdgeError } from '../core/errors.ts';
import { type ScoredToken, scoreToken } from './sampling/log-probabilities.ts';
import type { VocabularyMath } from './sampling/logits.ts';
import { processLogits } from './sampling/process-logits.ts';
import { randomAt } from './sampling/random-at.ts';
import { sample } from './sampling/sampler.ts';
import type { SamplingOptions } from './sampling/sampling-options.ts';
import type { Turns } from './work-budget.ts';

export interface DecodeRequest {
  math: VocabularyMath;
  /** Holds the prompt. */
  sequence: Sequence;
  /** After the prompt's last token: [vocabularySize]. */
  logits: Float32Array;
  prompt: readonly number[];
  sampling: SamplingOptions;
  /** Which of several completions of one prompt this is: the second part of the random number's counter. */
  choice: number;
  maxTokens: number;
  eosTokenIds: readonly number[];
  /** How many alternatives to report with each token; undefined reports no log-probabilities. */
  topLogprobs?: number;
  /** Spent for each token that is fed back. */
  multiplyAddsPerToken: number;
  turns: Turns;
}

export interface DecodedToken extends Partial<ScoredToken> {
  id: number;
  /** The model ends the text here. */
  endOfSequence: boolean;
}

/**
 * The decode loop: process the logits, sample, emit, stop?, forward. Ends after an EOS token or `maxTokens`; or early, where other
 * requests leave the KV cache no room: what has been said so far is a shorter answer, not an error.
 * @throws what `turns` throws once the generation is aborted
 */
export async function* decode(request: DecodeRequest): AsyncGenerator<DecodedToken> {
  const { math, sequence, prompt, sampling, maxTokens, topLogprobs } = request;
  const generated: number[] = [];
  let logits = request.logits;
  while (generated.length < maxTokens) {
    math.load(logits);
    processLogits(math.logits, sampling, prompt, generated);
    const id = sample(math, sampling, randomAt(sampling.seed, request.choice, prompt.length + generated.length));
    const scores = topLogprobs === undefined ? {} : scoreToken(math, logits, id, topLogprobs);
    const endOfSequence = request.eosTokenIds.includes(id);
    generated.push(id);
    yield { id, endOfSequence, ...scores };
    if (endOfSequence || generated.length === maxTokens) return;
    await request.turns.spend(request.multiplyAddsPerToken);
    const next = await forwardIfRoom(sequence, id);
    if (next === undefined) return;
    logits = next;
  }
}

async function forwardIfRoom(sequence: Sequence, id: number): Promise<Float32Array | undefined> {
  try {
    return await sequence.forward([id]);
  } catch (error) {
    if (error instanceof GptEdgeError && error.code === 'memory_limit_exceeded') return undefined;
    throw error;
  }
}
