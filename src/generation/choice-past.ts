import type { ScoredToken } from './sampling/log-probabilities.ts';

/** A token that was chosen, with its score if log-probabilities were asked for. */
export type ChosenToken = Pick<ScoredToken, 'id'> & Partial<ScoredToken>;

/**
 * How far a reader has got in the events of one choice: a number that grows with each. It tells how many tokens the
 * reader has the text of, and what it has of the choice beside them. It does not depend on how the text was cut into
 * pieces.
 */
export type ChoicePosition = number;

/** What a reader may have of a choice of so many tokens, in the order in which it gets it, with room for parts of it. */
const PHASES = { nothing: 0, text: 1, 'whole text': 8, end: 15 } as const;
/** Positions of one token. */
const STEPS = 16;
/** Parts of a phase that are told apart. */
const MAX_PARTS = 7;

/**
 * `nothing`: not even that the choice is there. `text`: the text of its tokens, as far as they make it certain.
 * `whole text`: what was held back, too. `end`: also the reason why it has ended.
 */
export type PositionPhase = keyof typeof PHASES;

/** Where every choice begins. */
export const CHOICE_BEGINNING: ChoicePosition = 0;

/** @param part of what comes in several parts, such as the text and a call of a function in one event; 0 is the first */
export const choicePosition = (tokens: number, phase: PositionPhase, part = 0): ChoicePosition =>
  STEPS * tokens + PHASES[phase] + Math.min(part, MAX_PARTS - 1);

/** The inverse of {@link choicePosition}. */
export function readPosition(position: ChoicePosition): { tokens: number; phase: PositionPhase } {
  const step = position % STEPS;
  const phase = step >= PHASES.end ? 'end' : step >= PHASES['whole text'] ? 'whole text' : step >= PHASES.text ? 'text' : 'nothing';
  return { tokens: Math.floor(position / STEPS), phase };
}

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
