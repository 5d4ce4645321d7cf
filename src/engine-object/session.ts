import type { AnswerSession, SessionState, StoredEvent } from '../api/http/answer-session.ts';
import { FRAMED_HEADER } from '../api/http/answer-slices.ts';
import { SSE_HEADERS } from '../api/http/sse-response.ts';
import type { AnswerNote } from '../api/openai/answer-notes.ts';
import type { ErrorBody } from '../api/openai/schemas/bodies.ts';
import { type StoredStream, storedStream } from '../api/openai/stored-stream.ts';
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
  readonly opening?: string;
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
  #stop: (() => void) | undefined;

  constructor(id: string, { owner, path, body, opening, state, error, events, parts }: StoredSession, options: SessionOptions) {
    this.id = id;
    this.owner = owner;
    this.path = path;
    this.body = body;
    this.opening = opening;
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
    if (this.state !== 'running') return;
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

  cancel(): void {
    this.#finish('cancelled', null);
    this.#stop?.();
  }

  onCancel(stop: () => void): void {
    this.#stop = stop;
  }

  #finish(state: SessionState, error: ErrorBody['error'] | null): void {
    if (this.state !== 'running') return;
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

  stream(after?: string): Response {
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

/** Reads what is stored of an answer, and what is added to it. */
class SessionReader {
  hasEnded = false;
  readonly #session: Session;
  readonly #stream: StoredStream;
  #seen = 0;
  #hasBegun = false;

  constructor(session: Session, after: string | undefined) {
    this.#session = session;
    this.#stream = storedStream(session, after);
  }

  /** What is there and was not read; empty if nothing is. */
  next(): string {
    const { events, state } = this.#session;
    let text = this.#hasBegun ? '' : this.#stream.begin();
    this.#hasBegun = true;
    for (; this.#seen < events.length; this.#seen++) text += this.#stream.write(events[this.#seen]);
    this.hasEnded = state !== 'running';
    return this.hasEnded ? text + this.#stream.end(this.#session) : text;
  }

  /** A frame of what was read, with the place from which to go on after it. */
  frame(text: string): Uint8Array {
    const note: AnswerNote = { session: { id: this.#session.id, cursor: this.#stream.cursor, isStreamed: true } };
    return frameOf(this.hasEnded ? FRAME.last : FRAME.data, text, note);
  }
}
