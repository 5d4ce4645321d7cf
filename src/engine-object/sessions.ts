import type { AnswerSession, AnswerSessions, StoredRequest } from '../api/http/answer-session.ts';
import { type AnswerNotes, type AnswerPast, joinNotes } from '../api/openai/answer-notes.ts';
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
  readonly resume: (session: Session, past: AnswerPast | undefined) => Promise<void>;
}

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
    void this.#setAlarm(this.#expires());
    notes.session = id;
    return this.#run(id, { ...request, state: 'running', error: null, notes: [], events: [], parts: 0 });
  }

  /** An answer, which only its owner may read. */
  async find(id: string): Promise<Session | null> {
    const running = this.#running.get(id);
    if (running) return running;
    const stored = this.#store.read(id);
    if (stored === null) return null;
    if (stored.state !== 'running') return this.#session(id, stored);
    const session = this.#run(id, stored);
    await this.#options.resume(session, joinNotes(stored.notes));
    return session;
  }

  /** These sessions for a request that goes on with one of them. */
  goingOn(session: Session): AnswerSessions {
    return {
      open: (_request, notes): AnswerSession => {
        notes.session = session.id;
        return session;
      },
      find: (id) => this.find(id),
    };
  }

  /** An answer does not go on for now. It is tried again when somebody asks for it. */
  drop(session: Session): void {
    this.#running.delete(session.id);
  }

  /** Deletes answers whose time is over. One that is being made has its time before it. */
  async expire(now = Date.now()): Promise<void> {
    for (const id of this.#running.keys()) this.#store.keep(id, this.#expires());
    const next = this.#store.expire(now);
    if (next !== null) await this.#options.storage.setAlarm(next);
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

  async #setAlarm(expires: number): Promise<void> {
    const { storage } = this.#options;
    if ((await storage.getAlarm()) === null) await storage.setAlarm(expires);
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
