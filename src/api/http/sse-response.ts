import type { Call } from '../request-log/complete-recorded.ts';
import { errorBody, toGptEdgeError } from './render-error.ts';

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/**
 * Objects as server-sent events in OpenAI's form: `data:` lines, `[DONE]` last. An error in mid-stream becomes an error
 * object and the end, without `[DONE]`. The reader's pace is the generator's: the next event is made when it is wanted,
 * and a reader that leaves ends the generator.
 */
export function sseResponse(events: AsyncGenerator<object>, call: Call): Response {
  const encoder = new TextEncoder();
  const lines = dataLines(events, call);
  call.record.beginStream();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (!done) return controller.enqueue(encoder.encode(value));
      controller.close();
      call.record.endStream();
    },
    async cancel() {
      call.record.isCancelled = true;
      await lines.return(undefined);
      call.record.endStream();
    },
  });
  return new Response(body, { headers: HEADERS });
}

async function* dataLines(events: AsyncGenerator<object>, { signal, record }: Call): AsyncGenerator<string> {
  try {
    for await (const event of events) yield `data: ${JSON.stringify(event)}\n\n`;
  } catch (error) {
    if (signal.aborted) return;
    const known = toGptEdgeError(error);
    record.error = known.code;
    yield `data: ${JSON.stringify(errorBody(known))}\n\n`;
    return;
  }
  yield 'data: [DONE]\n\n';
}
