import { createMiddleware } from 'hono/factory';
import type { Grant } from '../../access/grant.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import { parseVariantId } from '../../core/folder/adapter-files.ts';
import type { AppEnv } from '../http/app-env.ts';
import { keepAlive } from '../http/keep-alive.ts';
import type { ModelHost } from '../model-host.ts';
import type { RequestRecord } from '../request-log/request-record.ts';

/**
 * Serves a request as its grant says: with the models that it may use, with headers that say what is left, and with
 * the tokens that it has used entered when it has ended. It stands where the engine runs, which knows all that.
 */
export const useGrant = (host: ModelHost) =>
  createMiddleware<AppEnv>(async function useGrant(c, next) {
    const { grant, record } = c.var;
    c.set('host', grant.models.length > 0 ? scopedHost(host, grant.models) : host);
    await next();
    // Whoever answered in this app's place has done the rest.
    if (record.isForwarded) return;
    for (const [name, value] of Object.entries(grant.headers())) c.header(name, value);
    keepAlive(
      c,
      record.ended.then(() => grant.settle(outcomeOf(record))),
    );
  });

const outcomeOf = ({ status, model, promptTokens = 0, completionTokens = 0, started, isComputed }: RequestRecord) => ({
  status,
  model,
  // What was refused before it was computed has used nothing.
  promptTokens: isComputed ? promptTokens : 0,
  completionTokens,
  milliseconds: Math.max(0, Date.now() - started),
});

/**
 * The models of a host that a key may use. The others are not there for it. A key for a model is one for each of its
 * adapters, too, and a key for `<model>:<adapter>` for this one only.
 */
function scopedHost(host: ModelHost, models: readonly string[]): ModelHost {
  const mayUse = (id: string) => models.includes(id) || models.includes(parseVariantId(id).base);
  const variants = models.filter((id) => host.ids.includes(parseVariantId(id).base) && !host.ids.includes(id));
  const ids = [...host.ids.filter(mayUse), ...variants];
  const check = (id: string | undefined): string => {
    if (id !== undefined && mayUse(id)) return id;
    throw new GptEdgeError(
      'model_not_found',
      id === undefined ? 'The key may use no model that is served.' : `The model ${excerpt(id)} does not exist, or the key may not use it.`,
      { param: 'model' },
    );
  };
  return {
    ids,
    get: async (id, until, version) => host.get(check(id ?? ids[0]), until, version),
    loaded: (id) => host.loaded?.(id),
    describe: async (id) => host.describe(check(id)),
  };
}

/**
 * The part of the prefix cache that a request may use. What the callers of one key have computed is not reused for
 * another's, which could tell by the time whether it was.
 * @param key the request's `prompt_cache_key`
 */
export const partitionOf = ({ owner }: Grant, key: string): string => (owner === 'nobody' ? key : `${owner}\n${key}`);
