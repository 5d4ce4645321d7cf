import { GptEdgeError } from '../core/errors.ts';

/** Milliseconds without anything to say after which an object says that it is alive: a long prompt is no silence. */
export const HEARTBEAT_MS = 10_000;
/** Milliseconds after which an object that says nothing has stalled. A heartbeat may be late, and some may be lost. */
export const SILENCE_MS = 45_000;
/** Seconds after which a request may be tried again whose object failed. */
export const RETRY_SECONDS = 1;

/** An object that has not been reset, and does not answer either. */
export class ObjectSilent extends GptEdgeError {
  /** @param object its name @param what it has not done */
  constructor(object: string, what: string, milliseconds: number) {
    const message = `The engine object ${object} has not ${what} for ${milliseconds / 1000} s. Try again.`;
    super('engine_unavailable', message, { retryAfterSeconds: RETRY_SECONDS });
  }
}

/** How often a wait is looked at before it has taken too long. */
const LOOKS = 3;

type Read = ReadableStreamReadResult<Uint8Array>;

/**
 * Notices that an object stalls while its answer is read. A stream has a read for each token, nearly all of which end
 * in milliseconds, and a timer for each would cost more than the reading: so one timer looks at whichever read is
 * waited for, again and again, and gives it up when it has seen it so often that the time is over.
 */
export class Silence {
  readonly object: string;
  readonly milliseconds: number;
  #waiting: PromiseWithResolvers<Read> | undefined;
  /** How often the timer has found the read that is waited for. */
  #looks = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** @param object its name @param milliseconds after which it has stalled; it may be noticed a third later */
  constructor(object: string, milliseconds: number) {
    this.object = object;
    this.milliseconds = milliseconds;
  }

  /** Reads what comes next of an object's answer. @throws ObjectSilent if nothing comes, not even a heartbeat */
  async read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Read> {
    const waiting = Promise.withResolvers<Read>();
    this.#waiting = waiting;
    this.#looks = 0;
    this.#timer ??= setTimeout(() => this.#look(), this.milliseconds / LOOKS);
    reader.read().then(waiting.resolve, waiting.reject);
    try {
      const read = await waiting.promise;
      if (read.done) this.#end();
      return read;
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      this.#waiting = undefined;
    }
  }

  #look(): void {
    this.#timer = null;
    // Whatever is read next sets another timer.
    if (this.#waiting === undefined) return;
    if (++this.#looks > LOOKS) this.#waiting.reject(new ObjectSilent(this.object, 'said anything', this.milliseconds));
    else this.#timer = setTimeout(() => this.#look(), this.milliseconds / LOOKS);
  }

  #end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/**
 * Adds heartbeats to an answer that may take its time: comments to a stream of events, and white space to JSON, before
 * it begins. Whatever passes this on counts silence only.
 */
export function withHeartbeat(answer: Response, heartbeatMs = HEARTBEAT_MS): Response {
  const type = answer.headers.get('content-type') ?? '';
  const isStream = type.startsWith('text/event-stream');
  if (answer.body === null || answer.headers.has('content-length') || !(isStream || type.startsWith('application/json'))) return answer;
  const beat = new TextEncoder().encode(isStream ? ':\n\n' : '\n');
  const reader = answer.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let reading: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  let maySpeak = true;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reading ??= reader.read();
        const read = await (maySpeak ? orQuiet(reading, heartbeatMs) : reading);
        if (read === 'quiet') return controller.enqueue(beat);
        reading = undefined;
        if (read.done) return controller.close();
        // Within JSON that has begun there is no place for anything else, and nothing more to wait for.
        maySpeak = isStream || read.value.every((byte) => byte === beat[0]);
        controller.enqueue(read.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, answer);
}

/** What is awaited, or `quiet` if it does not come in so many milliseconds. It can be awaited again. */
async function orQuiet<T>(awaited: Promise<T>, milliseconds: number): Promise<T | 'quiet'> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const quiet = new Promise<'quiet'>((resolve) => {
    timer = setTimeout(() => resolve('quiet'), milliseconds);
  });
  try {
    return await Promise.race([awaited, quiet]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
