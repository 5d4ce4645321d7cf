import { DurableObject } from 'cloudflare:workers';
import { createApp } from '../api/app.ts';
import { errorBody } from '../api/http/errors.ts';
import { GptEdgeError } from '../core/errors.ts';
import { CpuAllowance, DEFAULT_CPU_BUDGET_MS } from '../generation/cpu-allowance.ts';
import { isolateModels } from '../worker/isolate-instance.ts';
import type { WorkerEnv } from '../worker/models-from-env.ts';
import { parseCpuBudget, parseMaxWork } from '../worker/worker-variables.ts';
import { MAY_WAIT_HEADER } from './engine-headers.ts';
import { ObjectLife } from './object-life.ts';
import { modelOf } from './object-name.ts';
import { type SliceBindings, SliceServer } from './slice-server.ts';

/** The app is the isolate's, as its models are: several objects may share an isolate. */
let app: ReturnType<typeof createApp> | undefined;

/**
 * An engine object, a Durable Object class that the Worker's entry must export: it answers the requests that the front
 * hands on. All of them share one I/O context, and with it the scheduler of their model. Access was decided by the
 * front.
 * @example
 * export { EngineObject } from 'gpt-edge';
 */
export class EngineObject extends DurableObject<WorkerEnv> {
  readonly #life = new ObjectLife(this.ctx.id.name ?? this.ctx.id.toString());
  #slices: SliceServer | undefined;

  override async fetch(request: Request): Promise<Response> {
    const mayWait = request.headers.has(MAY_WAIT_HEADER) || request.method !== 'POST';
    if (!mayWait && this.isFull(modelOf(this.#life.name))) return fullAnswer();
    this.#slices ??= new SliceServer(
      // Each incoming request renews the CPU time of this object.
      new CpuAllowance(parseCpuBudget(this.env.CPU_BUDGET_MS) ?? DEFAULT_CPU_BUDGET_MS, { isRenewable: true }),
      (incoming, bindings) => this.#serve(incoming, bindings),
    );
    return this.#slices.answer(request);
  }

  /** @param bindings what the app knows of the request's answer */
  async #serve(request: Request, bindings: SliceBindings): Promise<Response> {
    app ??= createApp({
      host: isolateModels(this.env),
      isPublic: true,
      maxWork: parseMaxWork(this.env.MAX_WORK),
      log: this.env.LOG_REQUESTS === 'false' ? () => {} : undefined,
    });
    return app.fetch(request, { object: this.#life, ...bindings }, this.ctx as unknown as ExecutionContext);
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
