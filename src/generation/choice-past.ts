import type { ScoredToken } from './sampling/log-probabilities.ts';

/** A token that was chosen, with its score if log-probabilities were asked for. */
export type ChosenToken = Pick<ScoredToken, 'id'> & Partial<ScoredToken>;

/**
 * How far a reader has got in the events of one choice: a number that grows with each. It tells how many tokens the
 * reader has the text of, and what it has of the choice beside them. It does not depend on how the text was cut into
 * pieces.
 */
export type ChoicePosition = number;

/** What a reader may have of a choice of so many tokens, in the order in which it gets it. */
const PHASES = ['nothing', 'text', 'whole text', 'end'] as const;

/**
 * `nothing`: not even that the choice is there. `text`: the text of its tokens, as far as they make it certain.
 * `whole text`: what was held back, too. `end`: also the reason why it has ended.
 */
export type PositionPhase = (typeof PHASES)[number];

/** Where every choice begins. */
export const CHOICE_BEGINNING: ChoicePosition = 0;

export const choicePosition = (tokens: number, phase: PositionPhase): ChoicePosition => PHASES.length * tokens + PHASES.indexOf(phase);

/** The inverse of {@link choicePosition}. */
export const readPosition = (position: ChoicePosition): { tokens: number; phase: PositionPhase } => ({
  tokens: Math.floor(position / PHASES.length),
  phase: PHASES[position % PHASES.length],
});

/** What is known of a choice that was begun elsewhere: in an isolate that is gone, for one. */
export interface ChoicePast {
  /** Which of the request's prompts it continues, and which of that prompt's choices it is. */
  readonly prompt: number;
  readonly choice: number;
  /** Its first tokens, as many as are known. They need not be computed again. */
  readonly tokens: readonly ChosenToken[];
  /** What its reader has, which may be less than these tokens say, or more: it gets the events after that. */
  readonly position: ChoicePosition;
}
