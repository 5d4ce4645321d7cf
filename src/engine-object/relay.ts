import { errorBody } from '../api/http/errors.ts';
import type { GptEdgeError } from '../core/errors.ts';
import type { Silence } from './silence.ts';

export interface RelayOptions {
  /** Asks for the whole answer once more; null if that cannot be done, or was done too often. */
  readonly askAgain: () => Promise<Response> | null;
  /** What the client is told of an object that was reset. */
  readonly toError: (cause: unknown) => GptEdgeError;
  readonly silence: Silence;
}

/**
 * Passes an object's answer on. An object may be reset while it answers, and a response that is handed on as it is
 * then ends as if it were complete. So the client is told: an answer of which nothing was sent but white space is asked
 * for again, and otherwise a stream ends with an error event, and anything else with a broken connection. An object that
 * says nothing any more, not even that it is alive, counts as one that was reset.
 * @throws GptEdgeError what `toError` makes of an object that is reset before anything was sent
 */
export async function relay(answer: Response, options: RelayOptions): Promise<Response> {
  const type = answer.headers.get('content-type') ?? '';
  if (answer.body === null || !/^(application\/json|text\/event-stream)/.test(type)) return answer;
  if (isEventStream(answer)) return streamed(answer, answer.body.getReader(), null, options);
  const reader = answer.body.getReader();
  try {
    const first = await options.silence.read(reader);
    // An answer that takes its time begins with white space. Any other is there as a whole, and is sent with its length.
    if (!first.done && SPACE.has(first.value[0])) return streamed(answer, reader, first.value, options);
    return new Response(await gather(first, () => options.silence.read(reader)), answer);
  } catch (cause) {
    const again = options.askAgain();
    if (again === null) throw options.toError(cause);
    return relay(await again, options);
  }
}

/** The bytes that JSON takes for white space. */
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** The bytes of a stream's empty comments, of which heartbeats are made. */
const COMMENTS = new Set([0x3a, 0x0a]);

const isEventStream = ({ headers }: Response): boolean => headers.get('content-type')?.startsWith('text/event-stream') ?? false;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

type Read = ReadableStreamReadResult<Uint8Array>;

async function gather(first: Read, next: () => Promise<Read>): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let read = first; !read.done; read = await next()) chunks.push(read.value as Uint8Array<ArrayBuffer>);
  return new Blob(chunks);
}

/** @param first what was read of the answer already */
function streamed(answer: Response, reader: Reader, first: Uint8Array | null, options: RelayOptions): Response {
  const { readable, writable } = new IdentityTransformStream();
  void new Relay(writable, isEventStream(answer), options).run(reader, first);
  return new Response(readable, answer);
}

/** What became of an answer: whether it was passed on to its end, or why it broke off. */
type Outcome = { isComplete: true } | { isComplete: false; cause: unknown };

const COMPLETE: Outcome = { isComplete: true };

class Relay {
  readonly #client: WritableStreamDefaultWriter<Uint8Array>;
  readonly #isStream: boolean;
  readonly #options: RelayOptions;
  /** Whether anything was sent that another answer might contradict. */
  #hasBegun = false;
  #reader!: Reader;

  constructor(client: WritableStream<Uint8Array>, isStream: boolean, options: RelayOptions) {
    this.#client = client.getWriter();
    this.#isStream = isStream;
    this.#options = options;
  }

  async run(reader: Reader, first: Uint8Array | null): Promise<void> {
    this.#reader = reader;
    try {
      if (first) await this.#client.write(first);
      let outcome = await this.#pass(reader);
      while (!outcome.isComplete) outcome = await this.#goOn(outcome.cause);
    } catch (error) {
      // The client has left, and nobody wants the answer.
      await this.#reader.cancel(error).catch(() => {});
    }
  }

  /** The bytes that another answer cannot contradict. */
  get #meaningless(): ReadonlySet<number> {
    return this.#isStream ? COMMENTS : SPACE;
  }

  async #pass(reader: Reader): Promise<Outcome> {
    this.#reader = reader;
    for (;;) {
      const read = await this.#options.silence.read(reader).catch((cause: unknown) => ({ cause }));
      if ('cause' in read) return { isComplete: false, cause: read.cause };
      if (read.done) break;
      this.#hasBegun ||= read.value.some((byte) => !this.#meaningless.has(byte));
      await this.#client.write(read.value);
    }
    await this.#client.close();
    return COMPLETE;
  }

  /** After an answer broke off: another one, or what says that there is none. */
  async #goOn(cause: unknown): Promise<Outcome> {
    this.#reader.cancel(cause).catch(() => {});
    const again = this.#hasBegun ? null : this.#options.askAgain();
    if (again === null) return this.#fail(cause);
    const answer = await again.catch((error: unknown) => ({ error }));
    if ('error' in answer) return this.#fail(answer.error);
    if (this.#isStream && !isEventStream(answer)) return this.#end(await answer.text());
    return this.#pass(answer.body!.getReader());
  }

  async #fail(cause: unknown): Promise<Outcome> {
    if (!this.#hasBegun || this.#isStream) return this.#end(JSON.stringify(errorBody(this.#options.toError(cause))));
    await this.#client.abort(cause);
    return COMPLETE;
  }

  /** Ends the answer with an error. What came of a stream's last event is ended first. */
  async #end(error: string): Promise<Outcome> {
    const text = this.#isStream ? `${this.#hasBegun ? '\n\n' : ''}data: ${error}\n\n` : error;
    await this.#client.write(new TextEncoder().encode(text));
    await this.#client.close();
    return COMPLETE;
  }
}
