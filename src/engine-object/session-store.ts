import type { SessionState, StoredEvent, StoredRequest } from '../api/http/answer-session.ts';
import type { AnswerNote } from '../api/openai/answer-notes.ts';
import type { ErrorBody } from '../api/openai/schemas/bodies.ts';

/** What is stored of an answer. */
export interface StoredSession extends StoredRequest {
  readonly state: SessionState;
  readonly error: ErrorBody['error'] | null;
  readonly notes: readonly AnswerNote[];
  readonly events: readonly StoredEvent[];
  /** How many parts it was stored in. */
  readonly parts: number;
}

/**
 * Answers in an object's SQLite. Rows are billed, so an answer is written in parts: one for each slice, or for some
 * hundred tokens of a long one.
 */
export class SessionStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      `create table if not exists session(id text primary key, owner text, path text, body text, opening text, state text, error text,
        resumptions integer, expires integer)`,
    );
    sql.exec('create table if not exists part(session text, number integer, notes text, events text, primary key (session, number))');
  }

  /** @param expires in milliseconds since the epoch */
  begin(id: string, { owner, path, body, opening }: StoredRequest, expires: number): void {
    const state: SessionState = 'running';
    this.#sql.exec('insert into session values (?, ?, ?, ?, ?, ?, null, 0, ?)', id, owner, path, body, opening ?? null, state, expires);
  }

  append(id: string, number: number, notes: readonly AnswerNote[], events: readonly StoredEvent[]): void {
    this.#sql.exec('insert into part values (?, ?, ?, ?)', id, number, JSON.stringify(notes), JSON.stringify(events));
    this.#sql.exec('update session set resumptions = 0 where id = ? and resumptions > 0', id);
  }

  /** Counts that the alarm lets an answer go on. @returns how often it has, with nothing new in between */
  resume(id: string): number {
    const [{ resumptions }] = this.#sql.exec<{ resumptions: number }>(
      'update session set resumptions = resumptions + 1 where id = ? returning resumptions',
      id,
    );
    return resumptions;
  }

  /** The ids of answers that are not complete. */
  running(): string[] {
    const state: SessionState = 'running';
    return [...this.#sql.exec<{ id: string }>('select id from session where state = ?', state)].map(({ id }) => id);
  }

  delete(id: string): void {
    this.#sql.exec('delete from part where session = ?', id);
    this.#sql.exec('delete from session where id = ?', id);
  }

  finish(id: string, state: SessionState, error: ErrorBody['error'] | null, expires: number): void {
    this.#sql.exec('update session set state = ?, error = ?, expires = ? where id = ?', state, error && JSON.stringify(error), expires, id);
  }

  read(id: string): StoredSession | null {
    const [row] = this.#sql.exec<Record<'owner' | 'path' | 'body' | 'state', string> & Record<'opening' | 'error', string | null>>(
      'select owner, path, body, opening, state, error from session where id = ?',
      id,
    );
    if (row === undefined) return null;
    const parts = [
      ...this.#sql.exec<Record<'notes' | 'events', string>>('select notes, events from part where session = ? order by number', id),
    ];
    return {
      owner: row.owner,
      path: row.path,
      body: row.body,
      opening: row.opening ?? undefined,
      state: row.state as SessionState,
      error: row.error === null ? null : JSON.parse(row.error),
      notes: parts.flatMap(({ notes }) => JSON.parse(notes) as AnswerNote[]),
      events: parts.flatMap(({ events }) => JSON.parse(events) as StoredEvent[]),
      parts: parts.length,
    };
  }

  /** Lets an answer expire later. */
  keep(id: string, expires: number): void {
    this.#sql.exec('update session set expires = ? where id = ?', expires, id);
  }

  /** Deletes what has expired. @returns when the next answer expires; null if there is none */
  expire(now: number): number | null {
    this.#sql.exec('delete from part where session in (select id from session where expires <= ?)', now);
    this.#sql.exec('delete from session where expires <= ?', now);
    const [{ next }] = this.#sql.exec<{ next: number | null }>('select min(expires) as next from session');
    return next;
  }
}
