import type { Context } from 'hono';
import type { Grant } from '../../access/grant.ts';
import { parseVariantId } from '../../core/folder/adapter-files.ts';
import { loadedBytes } from '../../core/folder/manifest.ts';
import type { CpuAllowance } from '../../generation/cpu-allowance.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { takeLoadWork } from '../../generation/load-work.ts';
import { IsolateWork, WorkBudget } from '../../generation/work-budget.ts';
import type { ModelHost } from '../model-host.ts';
import type { RequestContext, RequestLogEnv } from '../request-log/request-record.ts';
import type { AnswerSessions } from './answer-session.ts';
import type { AnswerSlices } from './answer-slices.ts';
import type { RunningRequests } from './running-requests.ts';

/** What the routes find in Hono's context. */
export interface AppEnv {
  Bindings: RequestLogEnv['Bindings'] & {
    /** Present if the answer is made in slices. */
    slices?: AnswerSlices;
    /** Where answers are stored, if the app runs in an engine object. */
    sessions?: AnswerSessions;
    /** The CPU time of the engine object, in which the app runs, for all that is not made in slices. */
    cpuAllowance?: CpuAllowance;
  };
  Variables: RequestLogEnv['Variables'] & {
    /** The models that the request may use. */
    host: ModelHost;
    /** What the request may do, and whose it is. */
    grant: Grant;
    /** Origins whose pages may read the answer, besides those of the deployment. */
    origins?: readonly string[];
    /** The requests that use a model, for whoever stops them. */
    running: RunningRequests;
    /** Multiply-adds that one request may ask for. */
    maxWork: number;
    /** The CPU time in which the request is served; as much as it takes if undefined. */
    cpuAllowance?: CpuAllowance;
  };
}

/**
 * What a generation needs to know about the request. A request has one budget, for everything that is done for it with
 * the model.
 */
export function requestContext(c: Context<AppEnv>, model: LanguageModel): RequestContext {
  const { signal } = c.req.raw;
  const { record } = c.var;
  const slices = c.env?.slices;
  const cpu = { rate: model.scheduler.rate, allowance: c.var.cpuAllowance, waits: slices !== undefined };
  const budget = new WorkBudget(model.decoder.multiplyAddsPerTurn, signal, IsolateWork.own, cpu);
  budget.place = c.env?.object;
  record.budgetLeft = () => budget.millisecondsLeft;
  budget.isOffline = c.var.grant.isOffline;
  budget.countMilliseconds(takeLoadWork(model));
  c.var.running.add(c.env?.object, { requestId: c.var.requestId, record, budget });
  c.env?.object?.onReset(() => budget.abandon(), record.ended);
  return { signal, budget, record, grant: c.var.grant, slices };
}

/**
 * Returns the model that a request names, or else the default model. It is loaded first if necessary, and stays loaded
 * until the answer has ended.
 * @throws GptEdgeError as `ModelHost.get`
 */
export async function requestedModel(c: Context<AppEnv>, id: string | null | undefined): Promise<LanguageModel> {
  const { host, record } = c.var;
  const asked = Date.now();
  const isWarm = host.loaded?.(parseVariantId(id ?? host.ids[0] ?? '').base) !== undefined;
  const begunWith = c.env?.slices?.notes?.past?.head.version;
  const model = await host.get(id ?? undefined, record.ended, begunWith);
  record.loadMilliseconds = Date.now() - asked;
  record.loadBytes = isWarm ? 0 : loadedBytes(model.manifest);
  record.model = model.id;
  record.version = model.version;
  return model;
}
