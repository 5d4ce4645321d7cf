import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { withoutKeys } from '../../access/keys/key-text.ts';
import { keepAlive } from '../http/keep-alive.ts';
import type { RequestLine } from './request-line.ts';
import { type RequestLogEnv, RequestRecord } from './request-record.ts';

/** The API's own paths are far shorter. A client may send any text as a path, and the log should not keep all of it. */
const MAX_PATH_LENGTH = 128;

/** Calls `log` once for each request, when its answer has ended. An answer that is sent in
 * parts ends with the last one. */
export const logRequests = (log: (line: RequestLine) => void) =>
  createMiddleware<RequestLogEnv>(async function logRequests(c, next) {
    const ended = Promise.withResolvers<void>();
    const record = new RequestRecord(ended.promise);
    record.object = c.env?.object?.name;
    c.set('record', record);
    keepAlive(c, ended.promise);
    await next();
    const { status } = c.res;
    record.status = status;
    const timing = serverTiming(record);
    if (timing !== '') c.res.headers.set('server-timing', timing);
    const write = () => {
      if (!record.isForwarded) log(toLine(c, record, status, Math.max(0, Date.now() - record.started)));
      ended.resolve();
    };
    if (record.bodyEnd) record.bodyEnd.then(write);
    else write();
  });

function toLine(c: Context<RequestLogEnv>, record: RequestRecord, status: number, duration_ms: number): RequestLine {
  const { method, raw } = c.req;
  // A key does not belong into a path, but whoever put one there should not find it in the log.
  const path = withoutKeys(c.req.path);
  return {
    method,
    path: path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path,
    status,
    duration_ms,
    model: record.model,
    version: record.version,
    prompt_tokens: record.promptTokens,
    completion_tokens: record.completionTokens,
    ...sharing(record),
    finish_reason: record.finishReasons.size > 0 ? [...record.finishReasons].sort().join(',') : undefined,
    stream: record.isStream || undefined,
    error: record.error,
    aborted: raw.signal.aborted || record.isCancelled || undefined,
    request_id: c.var.requestId,
  };
}

/** How the request shared the model with others, once it was admitted. */
function sharing({ figures, loadMilliseconds, loadBytes, batchSize }: RequestRecord): Partial<RequestLine> {
  if (figures === undefined) return {};
  const { cachedTokens, queueMilliseconds } = figures;
  return {
    load_ms: loadMilliseconds,
    load_bytes: loadBytes,
    queue_ms: queueMilliseconds,
    cached_tokens: cachedTokens,
    batch_size: batchSize,
  };
}

/** The header that tells a client what is known when its answer begins, as browsers show it. */
function serverTiming(record: RequestRecord): string {
  const { figures, loadMilliseconds, loadBytes, batchSize, running, object, budgetLeft } = record;
  const start = loadBytes === 0 ? 'warm' : `cold, ${loadBytes} bytes`;
  const load = loadMilliseconds === undefined ? [] : [`load;dur=${loadMilliseconds};desc="${start}"`];
  const sharing = figures
    ? [`queue;dur=${figures.queueMilliseconds}`, `cached;desc="${figures.cachedTokens} tokens"`, `batch;desc="${batchSize ?? running}"`]
    : [];
  const work = figures && figures.multiplyAdds > 0 ? [`work;desc="${Math.round(figures.multiplyAdds)} multiply-adds"`] : [];
  const left = budgetLeft?.();
  const budget = left === undefined ? [] : [`budget;dur=${Math.floor(left)}`];
  return [...load, ...sharing, ...work, ...budget, ...(object ? [`object;desc="${object}"`] : [])].join(', ');
}
