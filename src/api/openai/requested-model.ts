import type { Context } from 'hono';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { AppEnv } from '../http/app-env.ts';

/**
 * The model that a request names, or the default one, loaded.
 * @throws GptEdgeError as `ModelHost.get`
 */
export async function requestedModel(c: Context<AppEnv>, id: string | null | undefined): Promise<LanguageModel> {
  const model = await c.var.host.get(id ?? undefined);
  c.var.record.model = model.id;
  return model;
}
