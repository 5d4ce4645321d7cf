import type { Context } from 'hono';
import { GptEdgeError } from '../../core/errors.ts';
import { type AnswerSession, type AnswerSessions, SESSION_BEGINNING } from '../http/answer-session.ts';
import type { AppEnv } from '../http/app-env.ts';
import { errorBody, handleError } from '../http/errors.ts';
import type { RequestContext } from '../request-log/request-record.ts';
import type { AnswerNotes } from './answer-notes.ts';

/** Where a request's answer is stored. */
export interface AnswerStore {
  readonly sessions: AnswerSessions;
  readonly notes: AnswerNotes;
}

/**
 * Whether a request asks to store its answer, and where that can be done.
 * @returns null if it does not
 * @throws GptEdgeError `unsupported_parameter` if the engine runs in the Worker, which stores nothing
 */
export function answerStore(c: Context<AppEnv>, { store }: { store?: boolean | null }, { slices }: RequestContext): AnswerStore | null {
  if (!store) return null;
  const sessions = c.env?.sessions;
  if (sessions === undefined || slices === undefined)
    throw new GptEdgeError(
      'unsupported_parameter',
      'This deployment stores no answers: store needs engine objects (ENGINE_PLACE = "object").',
      {
        param: 'store',
      },
    );
  slices.notes.isStored = true;
  return { sessions, notes: slices.notes };
}

/**
 * Stores an answer while it is made, and answers with what is stored.
 * @param body the request
 * @param join makes the whole answer; without it, the answer is streamed
 */
export async function storedResponse<C extends object>(
  c: Context<AppEnv>,
  { sessions, notes }: AnswerStore,
  body: object,
  chunks: () => AsyncGenerator<C>,
  { record, budget }: RequestContext,
  join?: (chunks: AsyncIterable<C>) => Promise<object>,
): Promise<Response> {
  notes.isWhole = join !== undefined;
  const session = sessions.open({ owner: c.var.grant.owner, path: c.req.path, body: JSON.stringify(body) }, notes);
  record.beginBody();
  void storeAll(session, chunks(), notes, (error) => {
    // Whoever comes after an object that was reset goes on with the answer.
    if (!budget.isAbandoned) session.fail(errorBody(handleError(error, record)).error);
  }).finally(() => record.endBody());
  if (!join) return session.stream(SESSION_BEGINNING);
  await session.untilEnd();
  const { error } = session;
  if (error) throw new GptEdgeError(error.code, error.message, { param: error.param ?? undefined });
  return c.json(await join(storedChunks<C>(session)));
}

async function storeAll(
  session: AnswerSession,
  chunks: AsyncGenerator<object>,
  notes: AnswerNotes,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    for await (const chunk of chunks) session.put({ ...notes.reached, data: JSON.stringify(chunk) }, notes.take());
    session.end();
  } catch (error) {
    onError(error);
  }
}

/** The chunks that are stored of an answer so far. */
export async function* storedChunks<C>({ events }: AnswerSession): AsyncGenerator<C> {
  for (const { data } of events) yield JSON.parse(data) as C;
}
