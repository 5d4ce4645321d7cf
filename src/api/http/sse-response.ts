import type { RequestContext } from '../request-log/request-record.ts';
import { errorBody, handleError } from './errors.ts';

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/**
 * Streams objects as server-sent events in OpenAI's form: one `data:` line each, and `[DONE]` last. An error in
 * mid-stream becomes an error object, which ends the stream without `[DONE]`. The generator runs at the reader's pace:
 * it makes the next event when the reader asks for it, and is ended when the reader leaves.
 */
export function sseResponse(events: AsyncGenerator<object>, context: RequestContext): Response {
  const encoder = new TextEncoder();
  const lines = dataLines(events, context);
  context.record.isStream = true;
  context.record.beginBody();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (!done) return controller.enqueue(encoder.encode(value));
      controller.close();
      context.record.endBody();
    },
    async cancel() {
      context.record.isCancelled = true;
      context.budget.abort();
      await lines.return(undefined);
      context.record.endBody();
    },
  });
  return new Response(body, { headers: HEADERS });
}

async function* dataLines(events: AsyncGenerator<object>, { signal, record }: RequestContext): AsyncGenerator<string> {
  try {
    for await (const event of events) yield `data: ${JSON.stringify(event)}\n\n`;
  } catch (error) {
    if (signal.aborted) return;
    yield `data: ${JSON.stringify(errorBody(handleError(error, record)))}\n\n`;
    return;
  }
  yield 'data: [DONE]\n\n';
}
