import { hasLeft, type RequestContext } from '../request-log/request-record.ts';
import { FRAMED_HEADER } from './answer-slices.ts';
import { errorBody, handleError } from './errors.ts';

export const SSE_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/**
 * The part of a turn (40 to 100 ms), some milliseconds, after which events that are ready wait for no other to be sent
 * with them. Sending takes a fixed time, which for a small model is a quarter of a token's.
 */
const LONGEST_WAIT = 1 / 8;

/**
 * Streams objects as server-sent events in OpenAI's form: one `data:` line each, and `[DONE]` last. Those of a list are
 * always sent together. An error in
 * mid-stream becomes an error object, which ends the stream without `[DONE]`. The generator runs at the reader's pace:
 * it makes events when the reader asks for more, and is ended when the reader leaves.
 *
 * Events that are made within a few milliseconds are sent together. The first is sent at once, and each later one waits
 * at most as long as the first has been there. None waits while other requests have their turn.
 * @param toLines what is sent of an event
 */
export function sseResponse(
  events: AsyncGenerator<object | readonly object[]>,
  context: RequestContext,
  toLines: (event: never) => string = (event) => `data: ${JSON.stringify(event)}\n\n`,
): Response {
  const { budget, record, slices } = context;
  const encoder = new TextEncoder();
  const lines = new EventLines(events, context, toLines);
  let firstAt: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  record.isStream = true;
  record.beginBody();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const begun = budget.turns;
      const longest = firstAt === undefined ? 0 : Math.min(LONGEST_WAIT, begun - firstAt);
      let ready = '';
      const send = () => {
        if (timer !== undefined) clearTimeout(timer);
        timer = undefined;
        if (ready !== '') controller.enqueue(slices ? slices.frame(ready, lines.hasEnded) : encoder.encode(ready));
        ready = '';
      };
      do {
        const line = await lines.next();
        ready += line;
        firstAt ??= budget.turns;
        // The timer ends when the event loop is visited, which is when other requests have their turn.
        timer ??= setTimeout(send, 0);
      } while (!lines.hasEnded && budget.turns - begun < longest);
      send();
      if (!lines.hasEnded) return;
      controller.close();
      record.endBody();
    },
    async cancel() {
      if (timer !== undefined) clearTimeout(timer);
      record.isCancelled = true;
      budget.abort();
      await events.return(undefined);
      record.endBody();
    },
  });
  return new Response(body, { headers: slices ? { ...SSE_HEADERS, [FRAMED_HEADER]: '1' } : SSE_HEADERS });
}

/** The text of an answer's events, one by one. */
class EventLines {
  hasEnded = false;
  readonly #events: AsyncGenerator<object | readonly object[]>;
  readonly #context: RequestContext;
  readonly #toLines: (event: never) => string;

  constructor(events: AsyncGenerator<object | readonly object[]>, context: RequestContext, toLines: (event: never) => string) {
    this.#events = events;
    this.#context = context;
    this.#toLines = toLines;
  }

  /** The next line; empty if the client has left. */
  async next(): Promise<string> {
    try {
      const { done, value } = await this.#events.next();
      if (!done)
        return [value]
          .flat()
          .map((event) => this.#toLines(event as never))
          .join('');
      this.hasEnded = true;
      return 'data: [DONE]\n\n';
    } catch (error) {
      this.hasEnded = true;
      return hasLeft(this.#context) ? '' : `data: ${JSON.stringify(errorBody(handleError(error, this.#context.record)))}\n\n`;
    }
  }
}
