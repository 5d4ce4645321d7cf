import { FRAMED_HEADER } from '../api/http/answer-slices.ts';
import type { AnswerNotes } from '../api/openai/answer-notes.ts';
import type { CpuAllowance } from '../generation/cpu-allowance.ts';
import { HEARTBEAT_MS } from './silence.ts';
import { FRAME, frameOf } from './slice-frames.ts';

/** Milliseconds after which an answer ends for whose next slice nobody has asked. A front asks at once. */
const ABANDONED_MS = 30_000;

/** Milliseconds for which an answer may take to be there as a whole. After that, it is worth going on elsewhere. */
const UNFRAMED_MS = 50;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

export interface LiveAnswerOptions {
  readonly allowance: CpuAllowance;
  readonly notes: AnswerNotes;
  /** Called when nothing more can be asked of it. */
  readonly onEnd: () => void;
  /** Ends the work for it. */
  readonly abort: () => void;
  /** Milliseconds without a frame after which an empty one says that the answer goes on. */
  readonly heartbeatMs?: number;
}

/**
 * An answer that is being made. Whoever makes it waits where the CPU time of a slice is spent, and knows nothing of
 * slices: here its frames are handed out, a slice at a time.
 */
export class LiveAnswer {
  #abandoned: ReturnType<typeof setTimeout> | undefined;
  /** How many frames were handed out. */
  framesSent = 0;
  readonly #options: LiveAnswerOptions;
  readonly #inner: Promise<Response>;
  #reader: Reader | undefined;
  /** A read that the last slice has begun. */
  #reading: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  #isFramed = false;
  #hasEnded = false;

  constructor(inner: Promise<Response>, options: LiveAnswerOptions) {
    this.#inner = inner;
    this.#options = options;
    inner.catch(() => {});
  }

  /**
   * The first slice. What is there as a whole, or goes wrong before anything was made, is answered as it is, without
   * frames.
   */
  async begin(): Promise<Response> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, UNFRAMED_MS));
    const answer = await this.#orInterrupted(Promise.race([this.#inner, late]));
    if (!(answer instanceof Response) || answer.headers.has(FRAMED_HEADER)) return this.slice();
    this.#end();
    return answer;
  }

  /** The next slice, which ends with the CPU time or with the answer. */
  slice(): Response {
    if (this.#abandoned !== undefined) clearTimeout(this.#abandoned);
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const frame = await this.#next();
          if (frame === undefined) return controller.close();
          this.framesSent++;
          controller.enqueue(frame);
          if (frame[0] === FRAME.slice) this.#abandoned = setTimeout(() => this.cancel(), ABANDONED_MS);
          if (frame[0] === FRAME.last) this.#end();
          if (frame[0] === FRAME.slice || this.#hasEnded) controller.close();
        },
        cancel: () => this.cancel(),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { [FRAMED_HEADER]: '1', 'content-type': 'application/octet-stream' } });
  }

  /** Nobody wants the rest. */
  cancel(): void {
    if (this.#hasEnded) return;
    this.#end();
    // A stored answer is made whether its client stays or not.
    if (this.#options.notes.session === undefined) this.#options.abort();
    void this.#reader?.cancel().catch(() => {});
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#hasEnded) return undefined;
    const { notes } = this.#options;
    this.#reading ??= this.#read();
    const next = await this.#orInterrupted(this.#reading);
    if (next === 'spent') {
      const note = notes.takeAside();
      notes.slices++;
      return frameOf(FRAME.slice, '', note);
    }
    if (next === 'quiet') return frameOf(FRAME.note);
    if (next === 'many') return frameOf(FRAME.note, '', notes.takeAside());
    this.#reading = undefined;
    if (next.done) {
      this.#end();
      return frameOf(FRAME.end);
    }
    return next.value;
  }

  /** What is awaited, or what comes in between: that the CPU time is spent, that much was noted, or that nothing comes. */
  async #orInterrupted<T>(awaited: Promise<T>): Promise<T | 'spent' | 'many' | 'quiet'> {
    const { allowance, notes, heartbeatMs = HEARTBEAT_MS } = this.#options;
    const interrupted = Promise.withResolvers<'spent' | 'many' | 'quiet'>();
    const quiet = setTimeout(() => interrupted.resolve('quiet'), heartbeatMs);
    notes.watch(() => interrupted.resolve('many'));
    const unwatch = allowance.watch(() => interrupted.resolve('spent'));
    try {
      return await Promise.race([awaited, interrupted.promise]);
    } finally {
      clearTimeout(quiet);
      unwatch();
      notes.watch(null);
    }
  }

  /** The next frame of the answer: its head, what was framed where it was made, or what is framed here. */
  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#reader === undefined) {
      const answer = await this.#inner;
      this.#isFramed = answer.headers.has(FRAMED_HEADER);
      this.#reader = (answer.body ?? new Blob([]).stream()).getReader() as Reader;
      const headers = [...answer.headers].filter(([name]) => name !== FRAMED_HEADER);
      return { done: false, value: frameOf(FRAME.head, JSON.stringify({ status: answer.status, headers })) };
    }
    const read = await this.#reader.read();
    return read.done || this.#isFramed ? read : { done: false, value: frameOf(FRAME.data, read.value) };
  }

  #end(): void {
    this.#hasEnded = true;
    this.#options.onEnd();
  }
}
