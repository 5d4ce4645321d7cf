import type { Manifest } from '../core/folder/manifest.ts';
import type { Logits } from '../core/logits.ts';
import type { ConstraintState } from '../core/token-constraint.ts';
import type { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { CHOICE_BEGINNING, type ChoicePast, type PositionPhase, readPosition } from './choice-past.ts';
import type { CompletionRequest } from './completion-request.ts';
import type { Outbox } from './outbox.ts';
import { keepAllowed } from './sampling/keep-allowed.ts';
import { scorer } from './sampling/log-probabilities.ts';
import { processLogits } from './sampling/process-logits.ts';
import { randomAt } from './sampling/random-at.ts';
import { sample } from './sampling/sampler.ts';
import { type DecodedToken, type FinishReason, type StopCause, type TextPiece, TextPieces } from './text/text-pieces.ts';

/** The most tokens that are taken at once because they are certain. They are computed in one batch. */
const MAX_CERTAIN = 16;

/** What a choice needs of its model. */
interface ChoosingModel {
  readonly manifest: Manifest;
  readonly tokenizer: TextTokenizer;
}

/** Where a choice stands in its request. */
export interface ChoicePlace {
  /** Which of the request's prompts it continues. */
  readonly prompt: number;
  /** Which of several completions of that prompt it is: it selects the random numbers. */
  readonly choice: number;
}

/**
 * One completion of a prompt: it chooses a token from the logits after the one before, and puts the text into the
 * outbox, until it has the last one. Which token it chooses depends on seed, choice and position alone, so it does not
 * matter when, in which batch, or how often its past was computed.
 */
export class Choice {
  readonly request: CompletionRequest;
  readonly place: ChoicePlace;
  /** Whether it has its last token: an EOS token, the end of a stop string, or `maxTokens`. */
  isFinished = false;
  readonly #eosTokenIds: readonly number[];
  readonly #generated: number[] = [];
  readonly #pieces: TextPieces;
  readonly #outbox: Outbox;
  /** What may follow the tokens so far. */
  #constraint: ConstraintState | undefined;
  /** What its reader has from elsewhere. */
  readonly #reported: { tokens: number; phase: PositionPhase };

  /** @param past of a choice that was begun elsewhere; events that its reader has are not put into the outbox */
  constructor({ manifest, tokenizer }: ChoosingModel, request: CompletionRequest, place: ChoicePlace, outbox: Outbox, past?: ChoicePast) {
    this.request = request;
    this.#reported = readPosition(past?.position ?? CHOICE_BEGINNING);
    this.place = place;
    this.#eosTokenIds = [...manifest.eosTokenIds, ...(request.endTokenIds ?? [])];
    this.#pieces = new TextPieces(tokenizer, request.stops, request.prompt);
    this.#outbox = outbox;
    this.#constraint = request.constraint?.start();
    if (request.maxTokens === 0) this.isFinished = true;
    if (past) this.#resume(past);
  }

  /** Goes on behind tokens that were chosen elsewhere. */
  #resume({ tokens }: ChoicePast): void {
    this.#outbox.resume(this.place, this.#reported.tokens);
    for (const { id, ...score } of tokens)
      if (!this.isFinished) this.#take({ id, endOfSequence: this.#eosTokenIds.includes(id), ...score });
    if (this.#reported.phase === 'end') this.isFinished = true;
  }

  /** The tokens that it has chosen. */
  get generated(): readonly number[] {
    return this.#generated;
  }

  /** How many tokens it may still choose. */
  get tokensLeft(): number {
    return this.request.maxTokens - this.#generated.length;
  }

  /** How many of its tokens its reader has not taken. */
  get unread(): number {
    return this.#outbox.waiting(this.place.prompt, this.place.choice);
  }

  /** Says that a choice of no tokens is complete. */
  finishEmpty(): void {
    this.#put(this.#pieces.end('length'));
  }

  /** Ends it early, with the text that it has. */
  stop(stoppedBy: StopCause): void {
    if (!this.isFinished) this.#put({ ...this.#pieces.end('length'), stoppedBy });
  }

  /** Chooses the next token, and puts what it makes certain into the outbox. Overwrites the logits. @returns its id */
  choose(logits: Logits): number {
    return this.#take(this.#chooseToken(logits));
  }

  /** The next tokens as far as the constraint leaves no choice. Whatever the logits are, these are chosen. */
  certain(): readonly number[] {
    const ids: number[] = [];
    const most = Math.min(MAX_CERTAIN, this.tokensLeft);
    for (let state = this.#constraint; state && !state.isComplete && ids.length < most; ) {
      const id = state.onlyToken;
      if (id === undefined || this.#eosTokenIds.includes(id)) break;
      ids.push(id);
      state = state.after(id);
    }
    return ids;
  }

  /**
   * Takes the tokens that are certain without their logits, unless these are to be reported.
   * @returns their ids, which the model has not read yet
   */
  jumpAhead(): readonly number[] {
    if (this.isFinished || this.request.topLogprobs !== undefined) return [];
    const before = this.#generated.length;
    for (const id of this.certain()) if (!this.isFinished) this.#take({ id, endOfSequence: false });
    return this.#generated.slice(before);
  }

  /**
   * The tokens whose logits are read when it chooses the next one, and those after each of `drafted`, as long as these
   * are right: a bit for each; undefined if all of them are.
   */
  readable(drafted: readonly number[]): Uint32Array | undefined {
    // Log-probabilities are those among all tokens.
    if (this.#constraint === undefined || this.request.topLogprobs !== undefined) return undefined;
    let state = this.#constraint;
    let readable = state.allowed();
    for (const id of drafted) {
      if (((state.allowed()[id >> 5] >>> (id & 31)) & 1) === 0) break;
      state = state.after(id);
      const next = state.allowed();
      readable = readable.map((word, index) => word | next[index]);
    }
    return readable;
  }

  #take(token: DecodedToken): number {
    this.#generated.push(token.id);
    this.#constraint = this.#constraint?.after(token.id);
    this.#put(this.#pieces.push(token));
    const reason = this.#finishReason;
    if (!this.isFinished && reason) this.#put(this.#pieces.end(reason));
    return token.id;
  }

  /** Why the token that was chosen last is the last one, although it does not end the text by itself. */
  get #finishReason(): FinishReason | undefined {
    if (this.#constraint?.isComplete) return 'stop';
    return this.tokensLeft === 0 || this.#constraint?.isStuck ? 'length' : undefined;
  }

  #chooseToken(logits: Logits): DecodedToken {
    const { sampling, prompt, topLogprobs } = this.request;
    // Scores are the model's own, so they need a copy of the logits before bias and penalties change them.
    const score = topLogprobs === undefined ? undefined : scorer(logits, topLogprobs, logits.values.slice());
    processLogits(logits.values, sampling, prompt, this.#generated);
    const allowed = this.#constraint && keepAllowed(logits.values, this.#constraint.allowed());
    // To find the k best of fewer tokens, the sampler would search in vain among the impossible ones.
    const topK = allowed !== undefined && sampling.topK >= allowed ? 0 : sampling.topK;
    const id = sample(logits, { ...sampling, topK }, randomAt(sampling.seed, this.place.choice, prompt.length + this.#generated.length));
    return { id, endOfSequence: this.#eosTokenIds.includes(id), ...score?.(id) };
  }

  #put(piece: TextPiece | undefined): void {
    if (piece === undefined) return;
    this.isFinished = piece.finishReason !== undefined;
    const rest = this.#unreported(piece);
    if (rest) this.#outbox.put({ type: 'piece', ...this.place, ...rest });
  }

  /** What of a piece its reader does not have. */
  #unreported(piece: TextPiece): TextPiece | undefined {
    const { tokens, phase } = this.#reported;
    if (piece.finishReason === undefined) return piece.completionTokens > tokens ? piece : undefined;
    if (phase === 'end') return undefined;
    return phase === 'whole text' ? { ...piece, text: '', tokens: [] } : piece;
  }
}
