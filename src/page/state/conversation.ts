import type { CallDelta, FinishReason, StoredAnswer, TokenBatch } from '../client/stream-tokens.ts';
import { type Token, tokenTexts } from '../client/token.ts';
import type { Alternative } from './distribution.ts';

export const MODES = ['completion', 'chat', 'decide'] as const;
export type Mode = (typeof MODES)[number];

/** The call of a tool, as far as it is written. */
export interface Call {
  name: string;
  /** JSON, once it is whole. */
  arguments: string;
}

/** One of several continuations of the same prompt. */
export interface Branch {
  tokens: readonly Token[];
  finish: FinishReason | null;
  /** The tools that the answer calls. */
  calls: readonly Call[];
  /** Positions at which the reader chose an alternative to the token that had been drawn. */
  chosenAt: readonly number[];
}

/** A prompt or a message, and what the model wrote after it. */
export interface Turn {
  text: string;
  /** Ids of the prompt's tokens; null until the model's answer names them. */
  promptIds: readonly number[] | null;
  /** What the answer must be, as the request's `response_format` says it; undefined for any text. */
  format?: object;
  /** Seed of the random numbers, which makes every branch reproducible. */
  seed: number;
  branches: readonly Branch[];
  /** The answer that is being written into the branch that is shown, if the server keeps it. */
  stored?: StoredAnswer;
  /** Index of the branch that is shown. */
  current: number;
}

/** A completion has at most one turn; a chat has one for each message of the reader. */
export interface Conversation {
  /** What is typed and not sent yet; in completion mode this is the prompt. */
  draft: string;
  turns: readonly Turn[];
}

export const newTurn = (text: string, seed: number, format?: object): Turn => ({
  text,
  format,
  promptIds: null,
  seed,
  branches: [{ tokens: [], calls: [], finish: null, chosenAt: [] }],
  current: 0,
});

export const currentBranch = (turn: Turn): Branch => turn.branches[turn.current];

/** Adds tokens to the turn's current branch. */
export function appendBatch(turn: Turn, { promptIds, tokens, calls, finish, stored }: TokenBatch): Turn {
  const branch = currentBranch(turn);
  const all = tokens.length === 0 ? branch.tokens : [...branch.tokens, ...tokens];
  const branches = turn.branches.with(turn.current, {
    ...branch,
    tokens: all,
    calls: calls.reduce(withCall, branch.calls),
    finish: finish ?? branch.finish,
  });
  // A request that continues an answer has the answer's beginning in its prompt, so the first prompt ids stay.
  return { ...turn, branches, stored, promptIds: turn.promptIds ?? promptIds ?? null };
}

function withCall(calls: readonly Call[], { index, ...part }: CallDelta): readonly Call[] {
  const before = calls[index] ?? { name: '', arguments: '' };
  const call = { name: before.name || (part.name ?? ''), arguments: before.arguments + (part.arguments ?? '') };
  return [...calls.slice(0, index), call, ...calls.slice(index + 1)];
}

/** Starts a branch that has `alternative` in place of the token at `position`, and shows it. */
export function addBranch(turn: Turn, position: number, { id, token, logprob, end_of_sequence }: Alternative): Turn {
  const { tokens, chosenAt } = currentBranch(turn);
  const branch: Branch = {
    tokens: [...tokens.slice(0, position), { id, label: token, logprob }],
    calls: [],
    finish: end_of_sequence ? 'stop' : null,
    chosenAt: [...chosenAt.filter((index) => index < position), position],
  };
  return { ...turn, branches: [...turn.branches, branch], current: turn.branches.length };
}

/**
 * The messages of a chat. End-of-sequence tokens are left out: what stands between messages is up to the chat template.
 */
export function messagesOf(turns: readonly Turn[], endIds: readonly number[]): { role: 'user' | 'assistant'; content: string }[] {
  return turns.flatMap((turn) => {
    const content = answerText(turn, endIds);
    const question = { role: 'user' as const, content: turn.text };
    return content === '' ? [question] : [question, { role: 'assistant' as const, content }];
  });
}

function answerText(turn: Turn, endIds: readonly number[]): string {
  const { tokens } = currentBranch(turn);
  return tokenTexts(tokens.filter(({ id }) => !endIds.includes(id)).map(({ label }) => label)).join('');
}
