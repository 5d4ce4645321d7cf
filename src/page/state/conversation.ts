import type { FinishReason } from '../client/stream-tokens.ts';
import type { Token } from './token.ts';
import { tokenTexts } from './token-texts.ts';

export type Mode = 'completion' | 'chat';

/** One way that an answer went. */
export interface Path {
  tokens: readonly Token[];
  finish: FinishReason | null;
  /** Positions of the tokens that the reader took. */
  taken: readonly number[];
}

/** A prompt or a message, and what the model made of it. */
export interface Turn {
  text: string;
  /** The tokens that the model read; null until it tells them. */
  promptIds: readonly number[] | null;
  /** Key of the random numbers, so that every path can be gone again. */
  seed: number;
  paths: readonly Path[];
  /** Which of the paths is shown. */
  current: number;
}

/** A completion has one turn, a chat as many as were spoken. */
export interface Conversation {
  /** What is typed and not yet sent; in completion mode the prompt. */
  draft: string;
  turns: readonly Turn[];
}

export const pathOf = (turn: Turn): Path => turn.paths[turn.current];

/** An answer's text, without the token that ends it. */
export function answerText(turn: Turn, endIds: readonly number[]): string {
  const { tokens } = pathOf(turn);
  return tokenTexts(tokens.filter(({ id }) => !endIds.includes(id)).map(({ label }) => label)).join('');
}

/** The messages of a chat, those of the model without what surrounds them. */
export function messagesOf(turns: readonly Turn[], endIds: readonly number[]): { role: 'user' | 'assistant'; content: string }[] {
  return turns.flatMap((turn) => {
    const content = turn.paths.length > 0 ? answerText(turn, endIds) : '';
    const question = { role: 'user' as const, content: turn.text };
    return content === '' ? [question] : [question, { role: 'assistant' as const, content }];
  });
}
