import { DurableObject } from 'cloudflare:workers';
import { createApp } from '../api/app.ts';
import { errorBody } from '../api/http/errors.ts';
import { GptEdgeError } from '../core/errors.ts';
import { handedAccessFromEnv } from '../worker/access-from-env.ts';
import { isolateModels } from '../worker/isolate-instance.ts';
import type { WorkerEnv } from '../worker/models-from-env.ts';
import { parseMaxWork } from '../worker/worker-variables.ts';
import { MAY_WAIT_HEADER } from './engine-headers.ts';
import { ObjectLife } from './object-life.ts';
import { modelOf } from './object-name.ts';

/** The app is the isolate's, as its models are: several objects may share an isolate. */
let app: ReturnType<typeof createApp> | undefined;

/**
 * An engine object, a Durable Object class that the Worker's entry must export: it answers the requests that the front
 * hands on. All of them share one I/O context, and with it the scheduler of their model. Access was decided by the
 * front, which hands on what each request may do.
 * @example
 * export { EngineObject } from 'gpt-edge';
 */
export class EngineObject extends DurableObject<WorkerEnv> {
  readonly #life = new ObjectLife(this.ctx.id.name ?? this.ctx.id.toString());

  override async fetch(request: Request): Promise<Response> {
    const mayWait = request.headers.has(MAY_WAIT_HEADER) || request.method !== 'POST';
    if (!mayWait && this.isFull(modelOf(this.#life.name))) return fullAnswer();
    app ??= createApp({
      host: isolateModels(this.env),
      ...handedAccessFromEnv(this.env),
      maxWork: parseMaxWork(this.env.MAX_WORK),
      log: this.env.LOG_REQUESTS === 'false' ? () => {} : undefined,
    });
    return app.fetch(request, { object: this.#life }, this.ctx as unknown as ExecutionContext);
  }

  /** Whether requests wait here for room in the KV cache, so that another one would wait behind them. */
  isFull(model: string): boolean {
    return (isolateModels(this.env).loaded(model)?.scheduler.waitingCount ?? 0) > 0;
  }
}

function fullAnswer(): Response {
  const error = new GptEdgeError('overloaded', 'Other requests wait for room here.', { retryAfterSeconds: 1 });
  return Response.json(errorBody(error), { status: 503, headers: { 'retry-after': String(error.retryAfterSeconds) } });
}
