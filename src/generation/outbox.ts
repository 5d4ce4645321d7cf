import type { CompletionEvent, PieceEvent, PromptEvent } from './completion-event.ts';

/** A choice of a prompt. */
type Place = Pick<PieceEvent, 'prompt' | 'choice'>;

/**
 * What a request has generated and its reader has not taken yet. Pieces of a choice that wait are joined, unless it is
 * told otherwise: then there is never more than one of each choice, and a reader that was late is up to date again after
 * one look.
 */
export class Outbox {
  readonly #prompts: PromptEvent[] = [];
  /** The waiting pieces, in the order in which they began to wait, by their choice or else by their number. */
  readonly #pieces = new Map<string, PieceEvent>();
  #numbered = 0;
  /** How many tokens of each choice were put in. */
  readonly #put = new Map<string, number>();
  /** How many tokens of each choice its reader has taken. */
  readonly #taken = new Map<string, number>();
  readonly #joinsPieces: boolean;

  /**
   * @param options.joinsPieces whether pieces that wait are joined. Otherwise each token has the same event whenever
   *   its reader looks
   */
  constructor({ joinsPieces = true } = {}) {
    this.#joinsPieces = joinsPieces;
  }

  /** A choice goes on whose reader has so many of its tokens already. */
  resume(place: Place, tokens: number): void {
    this.#taken.set(keyOf(place), tokens);
    this.#put.set(keyOf(place), tokens);
  }

  put(event: CompletionEvent): void {
    if (event.type === 'prompt') {
      this.#prompts.push(event);
      return;
    }
    const key = this.#joinsPieces ? keyOf(event) : String(this.#numbered++);
    this.#pieces.set(key, joinedPieces(this.#pieces.get(key), event));
    this.#put.set(keyOf(event), event.completionTokens);
  }

  /** The next event; undefined if there is none. */
  take(): CompletionEvent | undefined {
    const scores = this.#prompts.shift();
    if (scores) return scores;
    const [first] = this.#pieces;
    if (first === undefined) return undefined;
    const [key, piece] = first;
    this.#pieces.delete(key);
    this.#taken.set(keyOf(piece), piece.completionTokens);
    return piece;
  }

  get isEmpty(): boolean {
    return this.#prompts.length === 0 && this.#pieces.size === 0;
  }

  /** How many tokens of a choice wait for their reader. */
  waiting(prompt: number, choice: number): number {
    const key = keyOf({ prompt, choice });
    return (this.#put.get(key) ?? 0) - (this.#taken.get(key) ?? 0);
  }
}

const keyOf = ({ prompt, choice }: Place): string => `${prompt}/${choice}`;

/** Two pieces of one choice that follow each other, as one. */
export const joinedPieces = (before: PieceEvent | undefined, next: PieceEvent): PieceEvent =>
  before ? { ...next, text: before.text + next.text, tokens: [...before.tokens, ...next.tokens] } : next;
