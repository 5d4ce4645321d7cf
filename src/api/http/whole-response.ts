import type { Context, TypedResponse } from 'hono';
import { jsonPieces } from '../openai/json-pieces.ts';
import type { RequestContext } from '../request-log/request-record.ts';
import { FRAMED_HEADER } from './answer-slices.ts';
import type { AppEnv } from './app-env.ts';
import { errorBody, handleError } from './errors.ts';

/**
 * Turns (of 40 to 100 ms) after which an answer is a long one. Until then an error has its own status, and an answer is
 * sent as it is, with its length.
 */
const QUICK_TURNS = 8;

/** Time for the client's system to say that nobody reads what was sent, in milliseconds. */
const REPLY_MS = 10;

/**
 * Answers with JSON that takes its time. A client that closes its side of the connection may still be reading, and
 * workerd cannot tell it from one that is gone until something is sent. So a long answer begins early, with white
 * space, which JSON allows: whoever is gone refuses it, and the work ends. An error after that has the status 200,
 * since it is already sent, but the body that any error has.
 */
export async function wholeResponse<T extends object>(
  c: Context<AppEnv>,
  answer: Promise<T>,
  context: RequestContext,
): Promise<Response & TypedResponse<T, 200, 'json'>> {
  const isLong = new Promise<undefined>((resolve) => {
    context.budget.afterTurns(QUICK_TURNS, async () => {
      resolve(undefined);
      await new Promise((replied) => setTimeout(replied, REPLY_MS));
    });
  });
  const quick = await Promise.race([answer, isLong]);
  const response: Response = quick === undefined ? longResponse(answer, context) : c.json(quick);
  return response as Response & TypedResponse<T, 200, 'json'>;
}

function longResponse(answer: Promise<object>, { budget, record, slices }: RequestContext): Response {
  const encoder = new TextEncoder();
  const pieces = answerPieces(answer, record);
  record.beginBody();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (!done) return controller.enqueue(slices ? slices.frame(value, false) : encoder.encode(value));
      controller.close();
      record.endBody();
    },
    cancel() {
      record.isCancelled = true;
      budget.abort();
      record.endBody();
    },
  });
  return new Response(body, { headers: { 'content-type': 'application/json', ...(slices ? { [FRAMED_HEADER]: '1' } : {}) } });
}

async function* answerPieces(answer: Promise<object>, record: RequestContext['record']): AsyncGenerator<string> {
  yield '\n';
  try {
    yield* jsonPieces(await answer);
  } catch (error) {
    if (record.isCancelled) return;
    yield JSON.stringify(errorBody(handleError(error, record)));
  }
}
