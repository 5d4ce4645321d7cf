import type { Decoder } from '../core/decoder.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import { STEP_FACTOR } from '../core/token-time.ts';
import type { CompletionRequest } from './completion-request.ts';
import type { ModelAdapter } from './model-adapter.ts';

/** Tokens of a completion per turn, if the model costs nothing: choosing, detokenizing, and the chunk of the answer. */
const TOKENS_PER_TURN = 600;
/** Reported log-probabilities per turn: a token's text, its number, and both again as JSON. */
const LOGPROBS_PER_TURN = 8_000;
/** Multiply-adds in the time of some fifteen passes over one logit, of which choosing or scoring a token consists. */
const PER_LOGIT = 150;
/** Multiply-adds in the time that a penalty takes for each token before. */
const PER_PENALIZED = 1000;

/** A model whose work is estimated. */
export interface WorkingModel {
  readonly manifest: Manifest;
  readonly decoder: Decoder;
  readonly adapter?: ModelAdapter;
}

/** What of a request decides how much work a token is. */
type TokenRequest = Pick<CompletionRequest, 'sampling' | 'topLogprobs'>;

/**
 * What a model's work on tokens costs, in the multiply-adds that a prompt's products take in the same time. It is an
 * estimate: it says when others shall have their turn, and how much a request may ask for.
 */
export class TokenWork {
  readonly #perToken: number;
  readonly #perPastToken: number;
  readonly #perTurn: number;
  readonly #vocabularySize: number;

  constructor({ manifest, decoder, adapter }: WorkingModel) {
    this.#perToken = manifest.multiplyAddsPerToken + (adapter?.multiplyAddsPerToken ?? 0);
    // Each head multiplies its query with the keys of all tokens before, and adds up their values.
    this.#perPastToken = 2 * manifest.layers * manifest.heads * manifest.headDimension;
    this.#perTurn = decoder.multiplyAddsPerTurn;
    this.#vocabularySize = decoder.vocabularySize;
  }

  /**
   * Feeding `count` tokens of a prompt at once, after `start` others.
   * @param adapter what the sequence has, if that is not the model's own
   */
  feed(start: number, count: number, adapter?: ModelAdapter): number {
    return count * (this.#perToken + (adapter?.multiplyAddsPerToken ?? 0) + this.#perPastToken * (start + count / 2));
  }

  /** Reading all weights once, which each batch does, however many tokens it has. */
  get weights(): number {
    return (STEP_FACTOR - 1) * this.#perToken;
  }

  /** What one more row costs in a batch that decodes so many sequences, as a part of what a step of one costs. */
  draftCost(sequences: number): number {
    return 1 / (1 + (STEP_FACTOR - 1) / sequences);
  }

  /** Feeding one token back by itself, after `past` others. */
  step(past: number): number {
    return STEP_FACTOR * (this.#perToken + this.#perPastToken * past);
  }

  /** Choosing the next token after `past` others, and reporting it. */
  choose(past: number, { sampling, topLogprobs }: TokenRequest): number {
    const hasPenalty = sampling.repetitionPenalty !== 1 || sampling.frequencyPenalty !== 0 || sampling.presencePenalty !== 0;
    const score = topLogprobs === undefined ? 0 : this.score(topLogprobs) + this.report(topLogprobs);
    return this.#perTurn / TOKENS_PER_TURN + PER_LOGIT * this.#vocabularySize + (hasPenalty ? PER_PENALIZED * past : 0) + score;
  }

  /** Scoring one token of a prompt, with so many alternatives. */
  score(topLogprobs: number): number {
    return PER_LOGIT * this.#vocabularySize + this.report(topLogprobs);
  }

  /** Putting the log-probabilities of one token into an answer. */
  report(topLogprobs: number): number {
    return ((1 + topLogprobs) * this.#perTurn) / LOGPROBS_PER_TURN;
  }

  /** The most that a prompt takes: all of it. */
  ofPrompt({ prompt, promptLogprobs, choices }: CompletionRequest): number {
    const scores = promptLogprobs === undefined ? 0 : this.score(promptLogprobs) + choices * this.report(promptLogprobs);
    return this.feed(0, prompt.length) + prompt.length * scores;
  }

  /** The most that all choices of a prompt take, if none ends before it has all its tokens. */
  ofChoices(request: CompletionRequest): number {
    const { prompt, choices, maxTokens } = request;
    const past = prompt.length + maxTokens / 2;
    return choices * maxTokens * (this.step(past) + this.choose(past, request));
  }
}
