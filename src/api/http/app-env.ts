import type { Context } from 'hono';
import type { Grant } from '../../access/grant.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { WorkBudget } from '../../generation/work-budget.ts';
import type { ModelHost } from '../model-host.ts';
import type { RequestContext, RequestLogEnv } from '../request-log/request-record.ts';

/** What the routes find in Hono's context. */
export interface AppEnv {
  Bindings: RequestLogEnv['Bindings'];
  Variables: RequestLogEnv['Variables'] & {
    /** The models that the request may use. */
    host: ModelHost;
    /** What the request may do, and whose it is. */
    grant: Grant;
    /** Origins whose pages may read the answer, besides those of the deployment. */
    origins?: readonly string[];
    /** Multiply-adds that one request may ask for. */
    maxWork: number;
  };
}

/**
 * What a generation needs to know about the request. A request has one budget, for everything that is done for it with
 * the model.
 */
export function requestContext(c: Context<AppEnv>, { decoder }: LanguageModel): RequestContext {
  const { signal } = c.req.raw;
  const { record } = c.var;
  const budget = new WorkBudget(decoder.multiplyAddsPerTurn, signal);
  budget.isInObject = c.env?.object !== undefined;
  c.env?.object?.onReset(() => budget.abort(), record.ended);
  return { signal, budget, record, grant: c.var.grant };
}

/**
 * Returns the model that a request names, or else the default model. It is loaded first if necessary, and stays loaded
 * until the answer has ended.
 * @throws GptEdgeError as `ModelHost.get`
 */
export async function requestedModel(c: Context<AppEnv>, id: string | null | undefined): Promise<LanguageModel> {
  const asked = Date.now();
  const model = await c.var.host.get(id ?? undefined, c.var.record.ended);
  c.var.record.loadMilliseconds = Date.now() - asked;
  c.var.record.model = model.id;
  return model;
}
