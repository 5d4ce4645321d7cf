import type { AnswerSession, AnswerSessions, StoredRequest } from '../api/http/answer-session.ts';
import { errorBody } from '../api/http/errors.ts';
import { type AnswerNotes, type AnswerPast, joinNotes } from '../api/openai/answer-notes.ts';
import { GptEdgeError } from '../core/errors.ts';
import type { CpuAllowance } from '../generation/cpu-allowance.ts';
import { Session } from './session.ts';
import { sessionId } from './session-id.ts';
import { SessionStore, type StoredSession } from './session-store.ts';

/** Milliseconds that a front has to ask for the next slice, before an answer without one gets its CPU time here. */
const FRONT_MS = 20;

export interface SessionsOptions {
  readonly storage: DurableObjectStorage;
  /** The object's name, which the ids of its answers contain. */
  readonly objectName: string;
  /** Seconds for which an answer is kept after its last change. */
  readonly seconds: number;
  readonly allowance: CpuAllowance;
  /** Sends the object a request, which renews its CPU time. */
  readonly renew: () => Promise<unknown>;
  /** Goes on with an answer. */
  readonly resume: (session: Session, past: AnswerPast | undefined) => void;
}

/**
 * Milliseconds after which an object looks whether answers that are being made go on. It may have been reset, or put away
 * because nobody asks it for anything.
 */
const LOOK_MS = 20_000;
/**
 * How often the alarm lets an answer go on with nothing new in between. More often, it is what resets the object, and
 * would do so without end.
 */
const MAX_RESUMPTIONS = 5;

/** The stored answers of an object. Those that are being made are held here as well. */
export class Sessions implements AnswerSessions {
  readonly #options: SessionsOptions;
  readonly #store: SessionStore;
  readonly #running = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#store = new SessionStore(options.storage.sql);
    options.allowance.watch(() => this.#endSlice());
  }

  open(request: StoredRequest, notes: AnswerNotes): Session {
    const id = sessionId(request.path, this.#options.objectName);
    this.#store.begin(id, request, this.#expires());
    void this.#setAlarm(Date.now() + LOOK_MS);
    notes.session = id;
    return this.#run(id, { ...request, state: 'running', error: null, notes: [], events: [], parts: 0 });
  }

  /** An answer, which only its owner may read. */
  async find(id: string): Promise<Session | null> {
    const running = this.#running.get(id);
    if (running) return running;
    const stored = this.#store.read(id);
    if (stored === null) return null;
    return stored.state === 'running' ? this.#resume(id, stored) : this.#session(id, stored);
  }

  delete(id: string): void {
    this.#running.get(id)?.cancel();
    this.#store.delete(id);
  }

  /** These sessions for a request that goes on with one of them. */
  goingOn(session: Session): AnswerSessions {
    return {
      open: (_request, notes): AnswerSession => {
        notes.session = session.id;
        return session;
      },
      find: (id) => this.find(id),
      delete: (id) => this.delete(id),
      areResumed: true,
    };
  }

  /**
   * Deletes answers whose time is over, and lets those go on that a reset has interrupted: nobody may ask for them until
   * they are complete.
   */
  async tend(now = Date.now()): Promise<void> {
    const running = this.#store.running();
    for (const id of running) this.#store.keep(id, this.#expires());
    const next = this.#store.expire(now);
    if (next !== null) await this.#options.storage.setAlarm(running.length > 0 ? now + LOOK_MS : next);
    for (const id of running) {
      if (this.#running.has(id)) continue;
      if (this.#store.resume(id) > MAX_RESUMPTIONS) this.#giveUp(id);
      else await this.find(id);
    }
  }

  #resume(id: string, stored: StoredSession): Session {
    const session = this.#run(id, stored);
    this.#options.resume(session, joinNotes(stored.notes));
    return session;
  }

  #giveUp(id: string): void {
    const message = 'The engine object was reset again and again while it made this answer. Send the request again.';
    const stored = this.#store.read(id);
    if (stored) this.#session(id, stored).fail(errorBody(new GptEdgeError('engine_unavailable', message)).error);
  }

  #run(id: string, stored: StoredSession): Session {
    const session = this.#session(id, stored);
    this.#running.set(id, session);
    return session;
  }

  #session(id: string, stored: StoredSession): Session {
    const onEnd = () => this.#running.delete(id);
    return new Session(id, stored, { store: this.#store, expires: () => this.#expires(), onEnd });
  }

  #expires(): number {
    return Date.now() + this.#options.seconds * 1000;
  }

  async #setAlarm(time: number): Promise<void> {
    const { storage } = this.#options;
    const set = await storage.getAlarm();
    if (set === null || set > time) await storage.setAlarm(time);
  }

  /** The CPU time is spent. Where no front asks for the next slice, since no client is there, the object asks itself. */
  #endSlice(): void {
    if (this.#running.size === 0) return;
    for (const session of this.#running.values()) session.write();
    setTimeout(() => {
      if (this.#options.allowance.isSpent && this.#running.size > 0) this.#options.renew().catch(() => {});
    }, FRONT_MS);
  }
}
