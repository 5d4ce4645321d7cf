import { OPERATOR_GRANT } from '../access/grant.ts';
import { withGrant } from '../api/access/handed-grant.ts';
import type { AnswerSessions } from '../api/http/answer-session.ts';
import type { AnswerSlices } from '../api/http/answer-slices.ts';
import { type AnswerNote, AnswerNotes, type AnswerPast, joinNotes, type SessionNote } from '../api/openai/answer-notes.ts';
import type { ErrorBody } from '../api/openai/schemas/bodies.ts';
import type { CpuAllowance } from '../generation/cpu-allowance.ts';
import type { WorkRate } from '../generation/work-rate.ts';
import type { Session } from './session.ts';
import { Sessions, type SessionsOptions } from './sessions.ts';
import { withHeartbeat } from './silence.ts';
import { FRAME, frameOf } from './slice-frames.ts';
import { FRAMES_HEADER, GONE_HEADER, NOTES_HEADER, RENEW_HEADER, SLICE_HEADERS, SLICES_HEADER } from './slice-headers.ts';
import { LiveAnswer } from './slice-live.ts';
import { StoredRate } from './slice-rate.ts';

/**
 * What the app is told of a request: where its answer can be stored, and how it is made in slices, or in which CPU time
 * it is made at once.
 */
export type SliceBindings = { sessions: AnswerSessions } & ({ slices: AnswerSlices } | { cpuAllowance: CpuAllowance });

/** Answers a request, which may be one whose answer was begun elsewhere. */
export type SliceMaker = (request: Request, bindings: SliceBindings) => Promise<Response>;

/**
 * The answers of one object that are made in slices. The CPU time of the object is renewed with each incoming request,
 * so that an answer ends its slice when it is spent, and goes on when the front asks for the next one.
 */
export class SliceServer {
  readonly #allowance: CpuAllowance;
  readonly #make: SliceMaker;
  readonly #live = new Map<string, LiveAnswer>();
  readonly #sessions: Sessions;
  readonly #rate: StoredRate;

  /** @param rateOf how long the work of the object's model takes, once that is loaded */
  constructor(make: SliceMaker, rateOf: () => WorkRate | undefined, options: Omit<SessionsOptions, 'resume'>) {
    this.#rate = new StoredRate(options.storage.sql, rateOf);
    options.allowance.watch(() => this.#rate.sync());
    this.#allowance = options.allowance;
    this.#make = make;
    this.#sessions = new Sessions({ ...options, resume: (session, past) => this.#resume(session, past) });
  }

  /** Lets stored answers go on that a reset has interrupted, and deletes those whose time is over. */
  tend(): Promise<void> {
    return this.#sessions.tend();
  }

  /** Answers a request, or goes on with its answer. */
  async answer(request: Request): Promise<Response> {
    this.#allowance.renew();
    this.#rate.sync();
    if (request.headers.has(RENEW_HEADER)) return new Response(null, { status: 204 });
    const id = request.headers.get(SLICES_HEADER);
    if (id === null) return withHeartbeat(await this.#make(request, { sessions: this.#sessions, cpuAllowance: this.#allowance }));
    const frames = request.headers.get(FRAMES_HEADER);
    const live = this.#live.get(id);
    if (frames === null) {
      live?.cancel();
      return this.#begin(id, request);
    }
    if (live?.framesSent === Number(frames)) {
      endWith(request, live);
      return live.slice();
    }
    // Frames were lost on the way. What the front knows is what counts.
    live?.cancel();
    return new Response(null, { status: 410, headers: { [GONE_HEADER]: '1' } });
  }

  async #begin(id: string, request: Request): Promise<Response> {
    const abort = new AbortController();
    const { inner, past } = await unpacked(request, abort.signal);
    const session = past.findLast((note) => note.session)?.session;
    const notes = new AnswerNotes(joinNotes(past));
    notes.session = session?.id;
    notes.isWhole = session?.isStreamed === false;
    const answer = session ? this.#stored(session, inner) : this.#make(inner, { sessions: this.#sessions, slices: this.#slices(notes) });
    const live = new LiveAnswer(answer, {
      allowance: this.#allowance,
      notes,
      onEnd: () => this.#live.delete(id),
      abort: () => abort.abort(),
    });
    this.#live.set(id, live);
    endWith(request, live);
    return live.begin();
  }

  #slices(notes: AnswerNotes): AnswerSlices {
    const frame = (text: string, isLast: boolean) => frameOf(isLast ? FRAME.last : FRAME.data, text, notes.take());
    return { allowance: this.#allowance, notes, frame };
  }

  /** What a front gets of a stored answer that it has lost. */
  async #stored({ id, cursor, isStreamed }: SessionNote, { url, headers }: Request): Promise<Response> {
    const session = await this.#sessions.find(id);
    if (session && isStreamed) return session.stream(cursor);
    await session?.untilEnd();
    const bindings = { sessions: this.#sessions, cpuAllowance: this.#allowance };
    return this.#make(new Request(new URL(`${session?.path ?? '/v1/completions'}/${id}`, url), { headers }), bindings);
  }

  /** Lets a stored answer go on. What the app answers is what is stored, and only an error is news. */
  #resume(session: Session, past: AnswerPast | undefined): void {
    const headers = { 'content-type': 'application/json' };
    // What it takes was counted when it was asked for.
    const request = withGrant(new Request(`http://engine${session.path}`, { method: 'POST', headers, body: session.body }), OPERATOR_GRANT);
    const bindings = { sessions: this.#sessions.goingOn(session), slices: this.#slices(new AnswerNotes(past)) };
    void this.#make(request, bindings).then(async (made) => {
      if (made.status >= 400 && session.state === 'running') session.fail(((await made.json()) as ErrorBody).error);
      else await made.body?.cancel();
    });
  }
}

/** Ends an answer whose client has left. */
const endWith = ({ signal }: Request, live: LiveAnswer): void => signal.addEventListener('abort', () => live.cancel());

/** Takes the notes off a request whose answer was begun elsewhere. */
async function unpacked(request: Request, signal: AbortSignal): Promise<{ inner: Request; past: AnswerNote[] }> {
  const headers = new Headers(request.headers);
  for (const name of SLICE_HEADERS) headers.delete(name);
  const noteBytes = Number(request.headers.get(NOTES_HEADER) ?? 0);
  const { url, method } = request;
  if (noteBytes === 0) return { inner: new Request(url, { method, headers, body: request.body, signal }), past: [] };
  const bytes = new Uint8Array(await request.arrayBuffer());
  const past = JSON.parse(new TextDecoder().decode(bytes.subarray(0, noteBytes))) as AnswerNote[];
  headers.delete('content-length');
  return { inner: new Request(url, { method, headers, body: bytes.subarray(noteBytes), signal }), past };
}
