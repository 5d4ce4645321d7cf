import { FRAMED_HEADER } from '../api/http/answer-slices.ts';
import { errorBody } from '../api/http/errors.ts';
import type { GptEdgeError } from '../core/errors.ts';
import { ObjectSilent, type Silence } from './silence.ts';
import { FRAME, type Frame, FrameReader } from './slice-frames.ts';
import { GONE_HEADER } from './slice-headers.ts';

/**
 * Notes that are kept of one answer, in bytes. A token takes some ten, or a hundred for each alternative of a whole
 * answer. Of an answer with more, only slices can be asked for: it does not outlive a reset.
 */
const MAX_NOTE_BYTES = 2 ** 22;
/** How often an answer is begun again without anything new in between. */
const MAX_RESETS = 5;
/** As how many resets it counts that an object has stalled: each time takes a client far longer. */
const SILENT_RESETS = 3;
/** Milliseconds before an answer is begun again for the second time and later. */
const PAUSE_MS = 50;

/** How a front asks for the rest of an answer. */
export interface SliceCalls {
  /** Asks for the next slice. @param frames how many have come */
  readonly goOn: (frames: number) => Promise<Response>;
  /** Sends the request again, with what is known of its answer; null if that is impossible. */
  readonly startOver: (notes: Uint8Array) => Promise<Response> | null;
  /** What the client is told of an object that was reset, and cannot go on. */
  readonly toError: (cause: unknown) => GptEdgeError;
  readonly silence: Silence;
}

/** Whether an object answers in frames. */
export const isFramed = ({ headers }: Response): boolean => headers.has(FRAMED_HEADER);

/**
 * Hands on an answer that is made in slices, as one: asks for each next slice when one has ended, and lets the answer go
 * on from what is known of it when its object was reset.
 * @param first the first slice
 * @throws GptEdgeError what `toError` makes of an object that is reset again and again before anything was sent
 */
export function joinSlices(first: Response, calls: SliceCalls): Promise<Response> {
  return new SliceLoop(calls).answer(first);
}

/** What the client's answer begins with. */
interface Head {
  status: number;
  headers: [string, string][];
}

class SliceLoop {
  readonly #calls: SliceCalls;
  readonly #notes: Uint8Array[] = [];
  #noteBytes = 0;
  /** Frames of the answer since it was begun or begun again. */
  #frames = 0;
  #resets = 0;
  /** Settles when it is known how the client is answered. */
  readonly #answered = Promise.withResolvers<Response>();
  #client: WritableStreamDefaultWriter<Uint8Array> | null = null;
  #isStream = false;
  /** Whether the client got anything but white space. */
  #hasBegun = false;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(calls: SliceCalls) {
    this.#calls = calls;
  }

  answer(first: Response): Promise<Response> {
    void this.#run(first);
    return this.#answered.promise;
  }

  async #run(first: Response): Promise<void> {
    try {
      let slice: Response | null = first;
      while (slice) slice = await this.#pass(slice);
    } catch (error) {
      // The client has left, or it was not answered yet and hears of the error.
      this.#answered.reject(error);
      await this.#reader?.cancel(error).catch(() => {});
      await this.#client?.abort(error).catch(() => {});
    }
  }

  /** Hands one slice on. @returns the next one; null if that was all */
  async #pass(slice: Response): Promise<Response | null> {
    if (!isFramed(slice)) return this.#unframed(slice);
    const frames = new FrameReader();
    this.#reader = slice.body!.getReader();
    for (;;) {
      const read = await this.#calls.silence.read(this.#reader).catch((cause: unknown) => ({ cause }));
      if ('cause' in read) return this.#startOver(read.cause);
      if (read.done) return this.#startOver(new Error('an answer of the engine object has broken off'));
      for (const frame of frames.push(read.value)) {
        this.#frames++;
        this.#keep(frame.note);
        if (frame.type === FRAME.slice) return this.#goOn();
        if (frame.type === FRAME.end) return this.#end();
        await this.#take(frame);
        if (frame.type === FRAME.last) return this.#end();
      }
    }
  }

  async #take({ type, data }: Frame): Promise<void> {
    if (type === FRAME.head && this.#client === null) this.#open(JSON.parse(new TextDecoder().decode(data)));
    if (type !== FRAME.data && type !== FRAME.last) return;
    this.#hasBegun ||= this.#isStream || data.some((byte) => byte !== 0x0a);
    await this.#client!.write(data);
  }

  #open({ status, headers }: Head): void {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.#client = writable.getWriter();
    const answer = new Response(readable, { status, headers });
    this.#isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    this.#answered.resolve(answer);
  }

  #keep(note: Uint8Array): void {
    if (note.length === 0) return;
    this.#resets = 0;
    this.#noteBytes += note.length + 1;
    if (this.#noteBytes <= MAX_NOTE_BYTES) this.#notes.push(note.slice());
    else this.#notes.length = 0;
  }

  async #goOn(): Promise<Response | null> {
    const next = await this.#calls.goOn(this.#frames).catch((cause: unknown) => ({ cause }));
    if ('cause' in next) return this.#startOver(next.cause);
    if (!next.headers.has(GONE_HEADER)) return next;
    return this.#startOver(new Error('the engine object has lost the answer'));
  }

  /** After an answer broke off: its rest. */
  async #startOver(cause: unknown): Promise<Response | null> {
    // What an object goes on with that has stalled, nobody wants any more.
    this.#reader?.cancel(cause).catch(() => {});
    for (let reason = cause; ; ) {
      this.#resets += reason instanceof ObjectSilent ? SILENT_RESETS : 1;
      const isTold = this.#hasBegun && !this.#isStream;
      const call =
        isTold || this.#noteBytes > MAX_NOTE_BYTES || this.#resets > MAX_RESETS ? null : this.#calls.startOver(this.#joinedNotes());
      if (call === null) return this.#fail(this.#calls.toError(reason));
      this.#frames = 0;
      try {
        return await call;
      } catch (error) {
        reason = error;
        if (this.#resets > 1) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** All notes as a list. */
  #joinedNotes(): Uint8Array {
    const decoder = new TextDecoder();
    return this.#notes.length === 0
      ? new Uint8Array()
      : new TextEncoder().encode(`[${this.#notes.map((note) => decoder.decode(note)).join(',')}]`);
  }

  /** An answer that is there as a whole: an error, mostly, or a short one that was begun again. */
  async #unframed(answer: Response): Promise<null> {
    if (this.#client === null) {
      this.#answered.resolve(answer);
      return null;
    }
    const text = await answer.text();
    await this.#write(this.#isStream ? `data: ${text}\n\n` : text);
    return this.#end();
  }

  /** Tells the client that the answer does not go on. */
  async #fail(error: GptEdgeError): Promise<null> {
    if (this.#client === null) throw error;
    // What was sent of a whole answer cannot be completed, and must not look as if it were.
    if (this.#hasBegun && !this.#isStream) throw error;
    const text = JSON.stringify(errorBody(error));
    await this.#write(this.#isStream ? `data: ${text}\n\n` : text);
    return this.#end();
  }

  async #write(text: string): Promise<void> {
    await this.#client!.write(new TextEncoder().encode(text));
  }

  async #end(): Promise<null> {
    await this.#client?.close();
    return null;
  }
}
