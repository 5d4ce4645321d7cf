import type { AnswerSlices } from '../api/http/answer-slices.ts';
import { type AnswerNote, AnswerNotes, joinNotes } from '../api/openai/answer-notes.ts';
import type { CpuAllowance } from '../generation/cpu-allowance.ts';
import { FRAME, frameOf } from './slice-frames.ts';
import { FRAMES_HEADER, GONE_HEADER, NOTES_HEADER, SLICE_HEADERS, SLICES_HEADER } from './slice-headers.ts';
import { LiveAnswer } from './slice-live.ts';

/** What the app is told of a request: how its answer is made in slices, or in which CPU time it is answered at once. */
export type SliceBindings = { slices: AnswerSlices } | { cpuAllowance: CpuAllowance };

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

  constructor(allowance: CpuAllowance, make: SliceMaker) {
    this.#allowance = allowance;
    this.#make = make;
  }

  /** Answers a request, or goes on with its answer. */
  async answer(request: Request): Promise<Response> {
    this.#allowance.renew();
    const id = request.headers.get(SLICES_HEADER);
    if (id === null) return this.#make(request, { cpuAllowance: this.#allowance });
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
    const { inner, notes } = await unpacked(request, abort.signal);
    const allowance = this.#allowance;
    const slices = {
      allowance,
      notes,
      frame: (text: string, isLast: boolean) => frameOf(isLast ? FRAME.last : FRAME.data, text, notes.take()),
    };
    const live = new LiveAnswer(this.#make(inner, { slices }), {
      allowance,
      notes,
      onEnd: () => this.#live.delete(id),
      abort: () => abort.abort(),
    });
    this.#live.set(id, live);
    endWith(request, live);
    return live.begin();
  }
}

/** Ends an answer whose client has left. */
const endWith = ({ signal }: Request, live: LiveAnswer): void => signal.addEventListener('abort', () => live.cancel());

/** Takes the notes off a request whose answer was begun elsewhere. */
async function unpacked(request: Request, signal: AbortSignal): Promise<{ inner: Request; notes: AnswerNotes }> {
  const headers = new Headers(request.headers);
  for (const name of SLICE_HEADERS) headers.delete(name);
  const noteBytes = Number(request.headers.get(NOTES_HEADER) ?? 0);
  const { url, method } = request;
  if (noteBytes === 0) return { inner: new Request(url, { method, headers, body: request.body, signal }), notes: new AnswerNotes() };
  const bytes = new Uint8Array(await request.arrayBuffer());
  const notes = JSON.parse(new TextDecoder().decode(bytes.subarray(0, noteBytes))) as AnswerNote[];
  headers.delete('content-length');
  return {
    inner: new Request(url, { method, headers, body: bytes.subarray(noteBytes), signal }),
    notes: new AnswerNotes(joinNotes(notes)),
  };
}
