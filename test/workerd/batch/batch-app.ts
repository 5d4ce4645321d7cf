import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { waitUntil } from 'cloudflare:workers';
import { expect } from 'vitest';
import kernels from '../../../dist/kernels/relaxed.wasm';
import type { WireKeyOptions } from '../../../src/api/access/key-schema.ts';
import { createApp } from '../../../src/api/app.ts';
import type { WireBatch } from '../../../src/api/openai/schemas/batch-schema.ts';
import type { WireFile } from '../../../src/api/openai/schemas/file-schema.ts';
import type { GroupMessage } from '../../../src/batch/batch-state.ts';
import { accessFromEnv, handedAccessFromEnv } from '../../../src/worker/access-from-env.ts';
import { type BatchEnv, batchesFromEnv, consumeBatches } from '../../../src/worker/batches-from-env.ts';
import { IsolateModels } from '../../../src/worker/isolate-models.ts';
import { OPERATOR_KEY } from '../access/access-app.ts';
import { testEnv } from '../helpers.ts';

export const { BATCHES, ACCESS } = env as unknown as { BATCHES: DurableObjectNamespace; ACCESS: DurableObjectNamespace };

/** The messages that objects have sent. The tests deliver them, as often and in whichever order they like. */
export class HeldQueue {
  readonly sent: GroupMessage[] = [];

  /** The objects of the Worker, except that they send their messages here. */
  readonly namespace = {
    getByName: (id: string) => {
      const stub = BATCHES.getByName(id) as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
      const call =
        (name: string) =>
        async (...values: unknown[]) => {
          await this.#hold(id);
          return stub[name](...values);
        };
      return Object.fromEntries(['create', 'describe', 'cancel', 'begin', 'record', 'end', 'abandon'].map((name) => [name, call(name)]));
    },
  } as unknown as DurableObjectNamespace;

  readonly binding = {
    send: async (body: GroupMessage) => {
      this.sent.push(body);
    },
    sendBatch: async (messages: Iterable<{ body: GroupMessage }>) => {
      for (const { body } of messages) this.sent.push(body);
    },
  } as unknown as Queue<GroupMessage>;

  #hold(id: string): Promise<void> {
    return runInDurableObject(BATCHES.getByName(id), (instance) => {
      const object = instance as unknown as { env: Record<string, unknown> };
      object.env = { ...object.env, BATCH_QUEUE: this.binding };
    });
  }
}

export interface Delivered {
  acknowledged: boolean;
  delaySeconds?: number;
}

export interface BatchApp {
  fetch(path: string, init?: RequestInit & { key?: string }): Promise<Response>;
  /** Uploads lines, or a text in their place. */
  upload(lines: readonly unknown[] | string, options?: { key?: string; fields?: Record<string, string> }): Promise<Response>;
  /** Uploads lines and creates their batch, whose step of validation is done. */
  begin(lines: readonly unknown[], key?: string): Promise<WireBatch>;
  get(id: string, key?: string): Promise<WireBatch>;
  createKey(options?: Partial<WireKeyOptions>): Promise<{ key: string; id: string; owner: string }>;
  /** Delivers a message to a consumer. */
  deliver(
    message: GroupMessage,
    options?: { attempts?: number; queue?: string; serve?: (request: Request) => Promise<Response> },
  ): Promise<Delivered>;
  results(id: string | null, key?: string): Promise<ResultLine[]>;
}

export interface ResultLine {
  custom_id: string;
  response: { status_code: number; body: { choices?: { text: string }[]; error?: { code: string } } } | null;
  error: { code: string; message: string } | null;
}

/** An app of its own over the real models, objects and bucket, with variables of its own. */
export function batchApp(vars: Partial<BatchEnv> = {}): BatchApp {
  const all = { ...(env as unknown as BatchEnv), OPERATOR_KEY, PUBLIC: 'true', PUBLIC_LIMITS: 'off', ...vars };
  const host = new IsolateModels({
    bucket: testEnv.MODELS,
    ids: ['tinystories-gpt2'],
    engineOf: () => ({ engine: 'auto', cacheFormat: 'auto' }),
    kernels,
    memoryLimitMegabytes: 128,
    keepAlive: waitUntil,
  });
  const app = createApp({ host, log: () => {}, ...accessFromEnv(all), batches: batchesFromEnv(all) });
  const lines = createApp({ host, log: () => {}, ...handedAccessFromEnv(all) });
  const fetch: BatchApp['fetch'] = async (path, { key, headers, ...init } = {}) => {
    const sent = new Headers(headers);
    if (key !== undefined) sent.set('authorization', `Bearer ${key}`);
    return app.request(`http://edge${path}`, { ...init, headers: sent });
  };
  const post = (path: string, body: unknown, key?: string) =>
    fetch(path, { method: 'POST', body: JSON.stringify(body), key, headers: { 'content-type': 'application/json' } });
  const upload: BatchApp['upload'] = (content, { key, fields = { purpose: 'batch' } } = {}) => {
    const form = new FormData();
    form.append('file', new Blob([typeof content === 'string' ? content : jsonl(content)]), 'requests.jsonl');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return fetch('/v1/files', { method: 'POST', body: form, key });
  };
  const get: BatchApp['get'] = async (id, key) => json<WireBatch>(await fetch(`/v1/batches/${id}`, { key }));
  return {
    fetch,
    upload,
    get,
    async begin(content, key) {
      const { id: input_file_id } = await json<WireFile>(await upload(content, { key }));
      const body = { input_file_id, endpoint: '/v1/completions', completion_window: '24h' };
      return json<WireBatch>(await post('/v1/batches', body, key));
    },
    async createKey(options = {}) {
      const answer = await post('/operator/keys', { name: 'a key', ...options }, OPERATOR_KEY);
      return json(answer, 201);
    },
    async deliver(message, { attempts = 1, queue = 'gpt-edge-batches', serve = async (request: Request) => lines.fetch(request) } = {}) {
      const delivered: Delivered = { acknowledged: false };
      const entry = {
        ...{ id: crypto.randomUUID(), timestamp: new Date(), body: message, attempts },
        ack: () => {
          delivered.acknowledged = true;
        },
        retry: ({ delaySeconds }: QueueRetryOptions = {}) => {
          delivered.delaySeconds = delaySeconds;
        },
      };
      await consumeBatches({ queue, messages: [entry] } as unknown as MessageBatch, all, serve);
      return delivered;
    },
    async results(id, key) {
      if (id === null) return [];
      const text = new TextDecoder().decode(await (await fetch(`/v1/files/${id}/content`, { key })).arrayBuffer());
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as ResultLine);
    },
  };
}

export const jsonl = (lines: readonly unknown[]): string => lines.map((line) => JSON.stringify(line)).join('\n');

export const request = (index: number, body: object = {}) => ({
  custom_id: `request-${index}`,
  method: 'POST',
  url: '/v1/completions',
  body: { prompt: `Story ${index}: once`, max_tokens: 4, temperature: 0, ...body },
});

export const requests = (count: number, body: object = {}) => Array.from({ length: count }, (_, index) => request(index, body));

export async function json<T>(answer: Response, status = 200): Promise<T> {
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  return JSON.parse(text) as T;
}

/** Does the batch's next step now. */
export const step = (id: string): Promise<boolean> => runDurableObjectAlarm(BATCHES.getByName(id));

/** Resets a batch's object, as a crash does: what it had in memory is gone. */
export async function reset(id: string): Promise<void> {
  await runInDurableObject(BATCHES.getByName(id), (_, state) => state.abort('a crash of the test')).catch(() => {});
}

export async function settled(app: BatchApp, id: string, key?: string): Promise<WireBatch> {
  for (;;) {
    const batch = await app.get(id, key);
    if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) return batch;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
