import { errorBody, toGptEdgeError } from './render-error.ts';

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/**
 * Objects as server-sent events in OpenAI's form: `data:` lines, `[DONE]` last. An error in mid-stream becomes an error
 * object and the end, without `[DONE]`. The reader's pace is the generator's: the next event is made when it is wanted,
 * and a reader that leaves ends the generator.
 */
export function sseResponse(events: AsyncGenerator<object>, signal: AbortSignal): Response {
  const encoder = new TextEncoder();
  const lines = dataLines(events, signal);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
  return new Response(body, { headers: HEADERS });
}

async function* dataLines(events: AsyncGenerator<object>, signal: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const event of events) yield `data: ${JSON.stringify(event)}\n\n`;
  } catch (error) {
    if (!signal.aborted) yield `data: ${JSON.stringify(errorBody(toGptEdgeError(error)))}\n\n`;
    return;
  }
  yield 'data: [DONE]\n\n';
}
