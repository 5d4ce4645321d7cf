import { DurableObject } from 'cloudflare:workers';
import { createApp } from '../api/app.ts';
import { errorBody } from '../api/http/errors.ts';
import { GptEdgeError } from '../core/errors.ts';
import { CpuAllowance, DEFAULT_CPU_BUDGET_MS } from '../generation/cpu-allowance.ts';
import { handedAccessFromEnv } from '../worker/access-from-env.ts';
import { isolateModels } from '../worker/isolate-instance.ts';
import type { WorkerEnv } from '../worker/models-from-env.ts';
import { parseCpuBudget, parseMaxWork, parseSessionSeconds } from '../worker/worker-variables.ts';
import { MAY_WAIT_HEADER } from './engine-headers.ts';
import { ObjectLife } from './object-life.ts';
import { modelOf } from './object-name.ts';
import { RENEW_HEADER } from './slice-headers.ts';
import { type SliceBindings, SliceServer } from './slice-server.ts';

/** What an object reads of the Worker's bindings and variables. */
interface EngineObjectEnv extends WorkerEnv {
  ENGINE_NAMESPACE?: DurableObjectNamespace<EngineObject>;
  SESSION_SECONDS?: string;
}

/** The app is the isolate's, as its models are: several objects may share an isolate. */
let app: ReturnType<typeof createApp> | undefined;

/**
 * An engine object, a Durable Object class that the Worker's entry must export: it answers the requests that the front
 * hands on. All of them share one I/O context, and with it the scheduler of their model. Access was decided by the
 * front, which hands on what each request may do.
 * @example
 * export { EngineObject } from 'gpt-edge';
 */
export class EngineObject extends DurableObject<EngineObjectEnv> {
  readonly #life = new ObjectLife(this.ctx.id.name ?? this.ctx.id.toString());
  #sliceServer: SliceServer | undefined;

  override async fetch(request: Request): Promise<Response> {
    const mayWait = request.headers.has(MAY_WAIT_HEADER) || request.method !== 'POST';
    if (!mayWait && this.isFull(modelOf(this.#life.name))) return fullAnswer();
    return this.#slices().answer(request);
  }

  /** Lets stored answers go on that a reset has interrupted, and deletes those whose time is over. */
  override alarm(): Promise<void> {
    return this.#slices().tend();
  }

  #slices(): SliceServer {
    const { CPU_BUDGET_MS, SESSION_SECONDS, ENGINE_NAMESPACE } = this.env;
    const rateOf = () => isolateModels(this.env).loaded(modelOf(this.#life.name))?.scheduler.rate;
    this.#sliceServer ??= new SliceServer((request, bindings) => this.#serve(request, bindings), rateOf, {
      storage: this.ctx.storage,
      objectName: this.#life.name,
      seconds: parseSessionSeconds(SESSION_SECONDS),
      // Each incoming request renews the CPU time of this object.
      allowance: new CpuAllowance(parseCpuBudget(CPU_BUDGET_MS) ?? DEFAULT_CPU_BUDGET_MS, { isRenewable: true }),
      renew: async () => ENGINE_NAMESPACE?.get(this.ctx.id).fetch('http://engine/', { headers: { [RENEW_HEADER]: '1' } }),
    });
    return this.#sliceServer;
  }

  /** @param bindings what the app knows of the request's answer */
  async #serve(request: Request, bindings: SliceBindings): Promise<Response> {
    app ??= createApp({
      host: isolateModels(this.env),
      ...handedAccessFromEnv(this.env),
      maxWork: parseMaxWork(this.env.MAX_WORK),
      log: this.env.LOG_REQUESTS === 'false' ? () => {} : undefined,
    });
    return app.fetch(request, { object: this.#life, ...bindings }, this.ctx as unknown as ExecutionContext);
  }

  /** Whether requests wait here for room in the KV cache, so that another one would wait behind them. */
  isFull(model: string): boolean {
    return (isolateModels(this.env).loaded(model)?.scheduler.callersWaiting ?? 0) > 0;
  }
}

function fullAnswer(): Response {
  const error = new GptEdgeError('overloaded', 'Other requests wait for room here.', { retryAfterSeconds: 1 });
  return Response.json(errorBody(error), { status: 503, headers: { 'retry-after': String(error.retryAfterSeconds) } });
}
