import { env } from 'cloudflare:test';
import { waitUntil } from 'cloudflare:workers';
import { expect } from 'vitest';
import kernels from '../../../dist/kernels/relaxed.wasm';
import type { WireKey, WireKeyOptions } from '../../../src/api/access/key-schema.ts';
import { createApp } from '../../../src/api/app.ts';
import type { ErrorBody } from '../../../src/api/openai/schemas/bodies.ts';
import { type AccessBindings, accessFromEnv } from '../../../src/worker/access-from-env.ts';
import { IsolateModels } from '../../../src/worker/isolate-models.ts';
import { testEnv } from '../helpers.ts';

export const OPERATOR_KEY = 'operator-key-of-the-tests-0123456789abcdef';
/** The namespace of the real object. */
export const { ACCESS } = env as unknown as { ACCESS: DurableObjectNamespace };

export interface AccessApp {
  fetch(path: string, init?: RequestInit & { key?: string; address?: string; origin?: string }): Promise<Response>;
  post(path: string, body: unknown, init?: Parameters<AccessApp['fetch']>[1]): Promise<Response>;
  /** Creates a key with the operator's route. */
  createKey(options?: Partial<WireKeyOptions>): Promise<{ key: string } & WireKey>;
  operator(path: string, init?: RequestInit): Promise<Response>;
}

/** An app of its own over the real models and the real object, with variables of its own. */
export function accessApp(vars: Partial<AccessBindings> = {}, ids = ['tinystories-gpt2']): AccessApp {
  const app = createApp({
    host: new IsolateModels({
      bucket: testEnv.MODELS,
      ids,
      engineOf: () => ({ engine: 'auto', cacheFormat: 'auto' }),
      kernels,
      memoryLimitMegabytes: 128,
      keepAlive: waitUntil,
    }),
    log: () => {},
    ...accessFromEnv({ ACCESS, OPERATOR_KEY, ...vars }),
  });
  const fetch: AccessApp['fetch'] = async (path, { key, address, origin, headers, ...init } = {}) => {
    const sent = new Headers(headers);
    if (key !== undefined) sent.set('authorization', `Bearer ${key}`);
    if (address !== undefined) sent.set('cf-connecting-ip', address);
    if (origin !== undefined) sent.set('origin', origin);
    return app.request(`http://edge${path}`, { ...init, headers: sent });
  };
  const post: AccessApp['post'] = (path, body, { headers, ...init } = {}) =>
    fetch(path, { method: 'POST', body: JSON.stringify(body), ...init, headers: { 'content-type': 'application/json', ...headers } });
  const operator: AccessApp['operator'] = (path, init) => fetch(path, { ...init, key: OPERATOR_KEY });
  return {
    fetch,
    post,
    operator,
    async createKey(options = {}) {
      const answer = await post('/operator/keys', { name: 'a key', ...options }, { key: OPERATOR_KEY });
      const body = await answer.text();
      expect(answer.status, body).toBe(201);
      return JSON.parse(body);
    },
  };
}

export async function errorOf(answer: Response): Promise<ErrorBody['error'] & { status: number }> {
  const { error } = (await answer.json()) as ErrorBody;
  return { status: answer.status, ...error };
}

/** Waits until the work that was left to the background has been counted. */
export async function eventually<T>(look: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await look();
    if (isDone(value) || tries > 100) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What the operator is told of one key. */
export async function keyOf(app: AccessApp, id: string): Promise<WireKey> {
  const { data } = (await (await app.operator('/operator/keys')).json()) as { data: WireKey[] };
  return data.find((key) => key.id === id)!;
}
