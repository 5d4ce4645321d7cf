import type { PromptScore } from './sampling/log-probabilities.ts';
import type { TextPiece } from './text/text-pieces.ts';

/** The scores of a prompt's own tokens. Its first token has none. */
export interface PromptEvent {
  type: 'prompt';
  /** Which of the request's prompts this is. */
  prompt: number;
  tokens: readonly (PromptScore | null)[];
}

/** The next piece of one choice's text. */
export interface PieceEvent extends TextPiece {
  type: 'piece';
  prompt: number;
  /** Which of the prompt's choices this is. */
  choice: number;
}

/** What a request is answered with. The scores of a prompt come before the pieces of its choices. */
export type CompletionEvent = PromptEvent | PieceEvent;
