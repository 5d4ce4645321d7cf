import { CHOICE_BEGINNING, type ChoicePosition } from '../../generation/choice-past.ts';
import type { AnswerNote, AnswerNotes, Reached } from '../openai/answer-notes.ts';
import type { ErrorBody } from '../openai/schemas/bodies.ts';

/** An event of a stored answer: what it is, and the JSON that a stream has of it. */
export interface StoredEvent extends Reached {
  readonly data: string;
}

/** What a client has of a stored answer: the id of the event that it got last says it. */
export interface SessionCursor {
  readonly positions: readonly ChoicePosition[];
  readonly hasUsage: boolean;
}

/** What is kept of a request whose answer is stored. */
export interface StoredRequest {
  readonly owner: string;
  readonly path: string;
  /** As JSON. */
  readonly body: string;
  /** What the answer begins with, as JSON, if its events do not say it. */
  readonly opening?: string;
}

export type SessionState = 'running' | 'ended' | 'failed' | 'cancelled';

/** A stored answer. It is made whether its client stays or not, and can be read as often as one likes. */
export interface AnswerSession {
  readonly id: string;
  /** Whose it is: nobody else can read it. */
  readonly owner: string;
  /** Where it was asked for. */
  readonly path: string;
  /** The request, as JSON. */
  readonly body: string;
  readonly opening?: string;
  readonly state: SessionState;
  /** Why it failed. */
  readonly error: ErrorBody['error'] | null;
  /** All events so far. */
  readonly events: readonly StoredEvent[];
  /** Adds an event. @param note what it takes to go on behind it */
  put(event: StoredEvent, note: AnswerNote): void;
  end(): void;
  fail(error: ErrorBody['error']): void;
  /** Ends it as it is. Nothing happens if it has ended. */
  cancel(): void;
  /** @param stop is called when it is cancelled, and ends the work for it */
  onCancel(stop: () => void): void;
  /** Resolves when it goes on no more. */
  untilEnd(): Promise<void>;
  /**
   * All events behind those that a client has, those that are not there yet too, as server-sent events in frames.
   * @param after the id of the event that the client got last; none if undefined
   */
  stream(after?: string): Response;
}

/** The stored answers of one engine object. */
export interface AnswerSessions {
  /** Begins to store an answer, or goes on with it. */
  open(request: StoredRequest, notes: AnswerNotes): AnswerSession;
  /** An answer that is stored here. If it is not complete, it goes on. */
  find(id: string): Promise<AnswerSession | null>;
  /** Deletes an answer, and ends it before if it is not complete. */
  delete(id: string): void;
  /** Whether the request is one of earlier, whose answer goes on. */
  readonly areResumed?: boolean;
}

/** What a client has that comes for the first time. */
export const SESSION_BEGINNING: SessionCursor = { positions: [], hasUsage: false };

/** The most digits of a position: four for each token of the longest context window. */
const CURSOR = /^(?:\d{1,8}(?:-\d{1,8}){0,127})?(?:u)?$/;

/** Reads the id of an event. @returns null for what cannot be one */
export function parseCursor(text: string): SessionCursor | null {
  if (text === '' || !CURSOR.test(text)) return null;
  const numbers = text.replace('u', '');
  return { positions: numbers === '' ? [] : numbers.split('-').map(Number), hasUsage: text.endsWith('u') };
}

/** The id of an event after which a client has so much. */
export const formatCursor = ({ positions, hasUsage }: SessionCursor): string =>
  Array.from(positions, (position = CHOICE_BEGINNING) => position).join('-') + (hasUsage ? 'u' : '');

/** Whether an event is behind a cursor. */
export const isBehind = ({ choice, position }: Reached, { positions, hasUsage }: SessionCursor): boolean =>
  choice === null ? !hasUsage : position > (positions[choice] ?? CHOICE_BEGINNING);

/** What a client has that gets an event, too. */
export function advanced({ positions, hasUsage }: SessionCursor, { choice, position }: Reached): SessionCursor {
  if (choice === null) return { positions, hasUsage: true };
  const next = [...positions];
  next[choice] = position;
  return { positions: next, hasUsage };
}
