import {
  type AnswerSession,
  advanced,
  formatCursor,
  isBehind,
  type SessionCursor,
  type SessionState,
  type StoredEvent,
} from '../api/http/answer-session.ts';
import { FRAMED_HEADER } from '../api/http/answer-slices.ts';
import { SSE_HEADERS } from '../api/http/sse-response.ts';
import type { AnswerNote } from '../api/openai/answer-notes.ts';
import type { ErrorBody } from '../api/openai/schemas/bodies.ts';
import type { SessionStore, StoredSession } from './session-store.ts';
import { FRAME, frameOf } from './slice-frames.ts';

/** Events after which a part is written before its slice ends, so that a reset loses little; and characters of them. */
const MAX_UNWRITTEN_EVENTS = 256;
const MAX_UNWRITTEN_CHARACTERS = 2 ** 18;

export interface SessionOptions {
  readonly store: SessionStore;
  /** When it expires if nothing more comes, in milliseconds since the epoch. */
  readonly expires: () => number;
  readonly onEnd: () => void;
}

/** An answer that is stored while it is made, and its readers. */
export class Session implements AnswerSession {
  readonly id: string;
  readonly owner: string;
  readonly path: string;
  readonly body: string;
  state: SessionState;
  error: ErrorBody['error'] | null;
  /** How many streams are being read. */
  readers = 0;
  readonly #options: SessionOptions;
  readonly #events: StoredEvent[];
  readonly #watchers = new Set<() => void>();
  #parts: number;
  #written: number;
  #notes: AnswerNote[] = [];
  #characters = 0;

  constructor(id: string, { owner, path, body, state, error, events, parts }: StoredSession, options: SessionOptions) {
    this.id = id;
    this.owner = owner;
    this.path = path;
    this.body = body;
    this.state = state;
    this.error = error;
    this.#events = [...events];
    this.#written = events.length;
    this.#parts = parts;
    this.#options = options;
  }

  get events(): readonly StoredEvent[] {
    return this.#events;
  }

  put(event: StoredEvent, note: AnswerNote): void {
    this.#events.push(event);
    this.#notes.push(note);
    this.#characters += event.data.length;
    if (this.#events.length - this.#written >= MAX_UNWRITTEN_EVENTS || this.#characters >= MAX_UNWRITTEN_CHARACTERS) this.write();
    this.#wake();
  }

  /** Writes what is not written yet. */
  write(): void {
    if (this.#notes.length === 0) return;
    this.#options.store.append(this.id, this.#parts++, this.#notes, this.#events.slice(this.#written));
    this.#written = this.#events.length;
    this.#notes = [];
    this.#characters = 0;
  }

  end(): void {
    this.#finish('ended', null);
  }

  fail(error: ErrorBody['error']): void {
    this.#finish('failed', error);
  }

  #finish(state: SessionState, error: ErrorBody['error'] | null): void {
    this.state = state;
    this.error = error;
    this.write();
    this.#options.store.finish(this.id, state, error, this.#options.expires());
    this.#options.onEnd();
    this.#wake();
  }

  async untilEnd(): Promise<void> {
    while (this.state === 'running') await this.#change();
  }

  stream(after: SessionCursor): Response {
    const reader = new SessionReader(this, after);
    this.readers++;
    const leave = () => {
      this.readers--;
    };
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          let text = reader.next();
          for (; text === '' && !reader.hasEnded; text = reader.next()) await this.#change();
          controller.enqueue(reader.frame(text));
          if (!reader.hasEnded) return;
          leave();
          controller.close();
        },
        cancel: leave,
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { ...SSE_HEADERS, [FRAMED_HEADER]: '1' } });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add(resolve);
    });
  }

  #wake(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const wake of watchers) wake();
  }
}

/** Reads the events of an answer that its client does not have. */
class SessionReader {
  hasEnded = false;
  readonly #session: Session;
  #cursor: SessionCursor;
  #seen = 0;

  constructor(session: Session, after: SessionCursor) {
    this.#session = session;
    this.#cursor = after;
  }

  /** What is there and was not read; empty if nothing is. */
  next(): string {
    const { events, state, error } = this.#session;
    let text = '';
    for (; this.#seen < events.length; this.#seen++) {
      const event = events[this.#seen];
      if (!isBehind(event, this.#cursor)) continue;
      this.#cursor = advanced(this.#cursor, event);
      text += `id: ${formatCursor(this.#cursor)}\ndata: ${event.data}\n\n`;
    }
    if (state === 'running') return text;
    this.hasEnded = true;
    return `${text}data: ${error ? JSON.stringify({ error }) : '[DONE]'}\n\n`;
  }

  /** A frame of what was read, with the place from which to go on after it. */
  frame(text: string): Uint8Array {
    const note: AnswerNote = { session: { id: this.#session.id, cursor: formatCursor(this.#cursor), isStreamed: true } };
    return frameOf(this.hasEnded ? FRAME.last : FRAME.data, text, note);
  }
}
