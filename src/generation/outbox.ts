import type { CompletionEvent, PieceEvent, PromptEvent } from './completion-event.ts';

/**
 * What a request has generated and its reader has not taken yet. Pieces of a choice that wait are joined, so that there
 * is never more than one of each choice, and a reader that was late is up to date again after one look.
 */
export class Outbox {
  readonly #prompts: PromptEvent[] = [];
  /** The waiting piece of each choice, in the order in which they began to wait. */
  readonly #pieces = new Map<string, PieceEvent>();
  /** How many tokens of each choice its reader has taken. */
  readonly #taken = new Map<string, number>();

  put(event: CompletionEvent): void {
    if (event.type === 'prompt') this.#prompts.push(event);
    else this.#pieces.set(keyOf(event), joinedPieces(this.#pieces.get(keyOf(event)), event));
  }

  /** The next event; undefined if there is none. */
  take(): CompletionEvent | undefined {
    const scores = this.#prompts.shift();
    if (scores) return scores;
    const [first] = this.#pieces;
    if (first === undefined) return undefined;
    const [key, piece] = first;
    this.#pieces.delete(key);
    this.#taken.set(key, piece.completionTokens);
    return piece;
  }

  get isEmpty(): boolean {
    return this.#prompts.length === 0 && this.#pieces.size === 0;
  }

  /** How many tokens of a choice wait for their reader. */
  waiting(prompt: number, choice: number): number {
    const key = keyOf({ prompt, choice });
    const piece = this.#pieces.get(key);
    return piece ? piece.completionTokens - (this.#taken.get(key) ?? 0) : 0;
  }
}

const keyOf = ({ prompt, choice }: Pick<PieceEvent, 'prompt' | 'choice'>): string => `${prompt}/${choice}`;

/** Two pieces of one choice that follow each other, as one. */
export const joinedPieces = (before: PieceEvent | undefined, next: PieceEvent): PieceEvent =>
  before ? { ...next, text: before.text + next.text, tokens: [...before.tokens, ...next.tokens] } : next;
