import type { Context } from 'hono';
import { GptEdgeError } from '../../core/errors.ts';
import type { AnswerSession, AnswerSessions, StoredRequest } from '../http/answer-session.ts';
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
 * Where a request's answer is stored, if it asks for that.
 * @param fields those of the request that need stored answers, as far as it has them
 * @returns null if it asks for none of them
 * @throws GptEdgeError `unsupported_parameter` if the engine runs in the Worker, which stores nothing
 */
export function answerStore(c: Context<AppEnv>, fields: Record<string, unknown>, { slices }: RequestContext): AnswerStore | null {
  const asked = Object.keys(fields).find((name) => fields[name]);
  if (asked === undefined) return null;
  const sessions = sessionsFor(c, asked);
  if (slices === undefined) throw storesNothing(asked);
  slices.notes.isStored = true;
  return { sessions, notes: slices.notes };
}

/**
 * The stored answers, which a field of a request needs.
 * @throws GptEdgeError `unsupported_parameter` if there are none
 */
export function sessionsFor(c: Context<AppEnv>, field: string): AnswerSessions {
  const sessions = c.env?.sessions;
  if (sessions === undefined) throw storesNothing(field);
  return sessions;
}

const storesNothing = (field: string): GptEdgeError =>
  new GptEdgeError('unsupported_parameter', `This deployment stores no answers: ${field} needs engine objects (ENGINE_PLACE = "object").`, {
    param: field,
  });

/**
 * Begins to store an answer while it is made.
 * @param request is what is kept beside it
 * @param isWhole whether its client gets it as a whole
 */
export function storeAnswer(
  c: Context<AppEnv>,
  { sessions, notes }: AnswerStore,
  request: Pick<StoredRequest, 'body' | 'opening'>,
  chunks: () => AsyncGenerator<object>,
  { record, budget }: RequestContext,
  isWhole: boolean,
): AnswerSession {
  notes.isWhole = isWhole;
  const session = sessions.open({ owner: c.var.grant.owner, path: c.req.path, ...request }, notes);
  session.onCancel(() => {
    record.isCancelled = true;
    budget.abort();
  });
  record.beginBody();
  void storeAll(session, chunks(), notes, (error) => {
    // Whoever comes after an object that was reset goes on with the answer, and one that was cancelled has ended.
    if (!budget.isAbandoned && session.state === 'running') session.fail(errorBody(handleError(error, record)).error);
  }).finally(() => record.endBody());
  return session;
}

/**
 * Stores an answer while it is made, and answers with what is stored.
 * @param body the request
 * @param join makes the whole answer; without it, the answer is streamed
 */
export async function storedResponse<C extends object>(
  c: Context<AppEnv>,
  store: AnswerStore,
  body: object,
  chunks: () => AsyncGenerator<C>,
  context: RequestContext,
  join?: (chunks: AsyncIterable<C>) => Promise<object>,
): Promise<Response> {
  const session = storeAnswer(c, store, { body: JSON.stringify(body) }, chunks, context, join !== undefined);
  return join ? c.json(await join(storedChunks<C>(await ended(session)))) : session.stream();
}

/** Waits for an answer to end. @throws GptEdgeError why it has failed */
export async function ended(session: AnswerSession): Promise<AnswerSession> {
  await session.untilEnd();
  const { error } = session;
  if (error) throw new GptEdgeError(error.code, error.message, { param: error.param ?? undefined });
  return session;
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
