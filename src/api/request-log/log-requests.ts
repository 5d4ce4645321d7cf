import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../http/app-env.ts';
import type { RequestLine } from './request-line.ts';
import { RequestRecord } from './request-record.ts';

/** The API's own paths are far shorter; others are anyone's text. */
const MAX_PATH_LENGTH = 128;

/** Tells `log` of each request when its answer has ended: a stream's end is that of its last event. */
export const logRequests = (log: (line: RequestLine) => void) =>
  createMiddleware<AppEnv>(async function logRequests(c, next) {
    const started = Date.now();
    const record = new RequestRecord();
    c.set('record', record);
    const ended = Promise.withResolvers<void>();
    keepAlive(c, ended.promise);
    await next();
    const { status } = c.res;
    const write = () => {
      log(toLine(c, record, status, Date.now() - started));
      ended.resolve();
    };
    if (record.streamEnd) record.streamEnd.then(write);
    else write();
  });

function toLine(c: Context<AppEnv>, record: RequestRecord, status: number, duration_ms: number): RequestLine {
  const { method, path, raw } = c.req;
  return {
    method,
    path: path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path,
    status,
    duration_ms,
    model: record.model,
    prompt_tokens: record.promptTokens,
    completion_tokens: record.completionTokens,
    finish_reason: record.finishReasons.size > 0 ? [...record.finishReasons].sort().join(',') : undefined,
    stream: record.streamEnd && true,
    error: record.error,
    aborted: raw.signal.aborted || record.isCancelled || undefined,
    request_id: c.var.requestId,
  };
}

/** A client that leaves takes its request's context with it, and the line would be lost. */
function keepAlive(c: Context<AppEnv>, work: Promise<void>): void {
  try {
    c.executionCtx.waitUntil(work);
  } catch {
    // Hono throws where the app was called without a context, as tests do; then nothing ends early either.
  }
}
