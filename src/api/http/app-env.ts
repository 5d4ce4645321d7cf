import type { Context } from 'hono';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { ModelHost } from '../model-host.ts';
import type { RequestContext, RequestLogEnv } from '../request-log/request-record.ts';

/** What the routes find in Hono's context. */
export interface AppEnv {
  Variables: RequestLogEnv['Variables'] & { host: ModelHost };
}

/** The request as a generation needs to know it. */
export const requestContext = (c: Context<AppEnv>): RequestContext => ({ signal: c.req.raw.signal, record: c.var.record });

/**
 * The model that a request names, or else the default one, loaded.
 * @throws GptEdgeError as `ModelHost.get`
 */
export async function requestedModel(c: Context<AppEnv>, id: string | null | undefined): Promise<LanguageModel> {
  const model = await c.var.host.get(id ?? undefined);
  c.var.record.model = model.id;
  return model;
}
