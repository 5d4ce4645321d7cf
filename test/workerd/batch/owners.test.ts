import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { WireKey } from '../../../src/api/access/key-schema.ts';
import type { WireFile } from '../../../src/api/openai/schemas/file-schema.ts';
import type { BatchHandle } from '../../../src/batch/batch-state.ts';
import { Scheduler } from '../../../src/generation/scheduler/scheduler.ts';
import { errorOf, OPERATOR_KEY } from '../access/access-app.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from '../helpers.ts';
import { BATCHES, batchApp, HeldQueue, json, request, requests, settled, step } from './batch-app.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const queue = new HeldQueue();
const app = batchApp({ BATCHES: queue.namespace, BATCH_QUEUE: queue.binding, PUBLIC: 'true', PUBLIC_LIMITS: '' });
/** Tokens of the prompt that all have in these tests, and of its completion. */
const TOKENS = 4 + 4;
const PROMPT = { prompt: 'Once upon a time' };

async function begin(count: number, key: string) {
  const { id } = await app.begin(requests(count, PROMPT), key);
  await step(id);
  while ((await app.get(id, key)).status === 'validating') await new Promise((resolve) => setTimeout(resolve, 10));
  return { id, messages: queue.sent.filter(({ batch }) => batch === id) };
}

/** The state of a batch when it has ended, as its object tells it. */
async function settledState(id: string) {
  for (;;) {
    const state = await (BATCHES.getByName(id) as unknown as BatchHandle).describe();
    if (state?.status === 'completed') return state;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function keyOf(id: string): Promise<WireKey> {
  const { data } = (await (await app.fetch('/operator/keys', { key: OPERATOR_KEY })).json()) as { data: WireKey[] };
  return data.find((key) => key.id === id)!;
}

describe('files and batches', () => {
  it('should not be there for another key', async () => {
    const [{ key }, other] = [await app.createKey(), await app.createKey()];
    const file = await json<WireFile>(await app.upload([request(0)], { key }));
    const { id, messages } = await begin(2, key);
    for (const path of [`/v1/files/${file.id}`, `/v1/files/${file.id}/content`])
      expect(await errorOf(await app.fetch(path, { key: other.key })), path).toMatchObject({ status: 404, code: 'file_not_found' });
    expect(await errorOf(await app.fetch(`/v1/files/${file.id}`, { method: 'DELETE', key: other.key }))).toMatchObject({ status: 404 });
    const body = JSON.stringify({ input_file_id: file.id, endpoint: '/v1/completions', completion_window: '24h' });
    const created = await app.fetch('/v1/batches', {
      method: 'POST',
      body,
      key: other.key,
      headers: { 'content-type': 'application/json' },
    });
    expect(await errorOf(created)).toMatchObject({ status: 404, code: 'file_not_found' });
    for (const [method, path] of [
      ['GET', `/v1/batches/${id}`],
      ['POST', `/v1/batches/${id}/cancel`],
      ['GET', `/v1/batches?after=${id}`],
    ])
      expect(await errorOf(await app.fetch(path, { method, key: other.key })), path).toMatchObject({
        status: 404,
        code: 'batch_not_found',
      });
    for (const path of ['/v1/files', '/v1/batches']) {
      expect(await (await app.fetch(path, { key: other.key })).json()).toMatchObject({ data: [], has_more: false });
      expect(((await (await app.fetch(path, { key })).json()) as { data: unknown[] }).data.length).toBeGreaterThan(0);
    }
    await app.deliver(messages[0]);
    const batch = await settled(app, id, key);
    expect(await app.results(batch.output_file_id, key)).toHaveLength(2);
    expect((await app.fetch(`/v1/files/${batch.output_file_id}/content`, { key: other.key })).status).toBe(404);
  });

  it('should not be there for names that are no ids', async () => {
    const { key } = await app.createKey();
    for (const id of ['..%2f..%2fmodels', 'file-', '__proto__', `file-${'0'.repeat(44)}`, 'x'.repeat(3000)])
      expect((await app.fetch(`/v1/files/${id}`, { key })).status, id).toBe(404);
    for (const id of ['..%2f', 'batch_', 'constructor', `batch_${'0'.repeat(44)}`])
      expect((await app.fetch(`/v1/batches/${id}`, { key })).status, id).toBe(404);
  });

  it('should ask those without a key for one, where others have no key either', async () => {
    for (const path of ['/v1/files', '/v1/batches'])
      expect(await errorOf(await app.fetch(path))).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(await errorOf(await app.upload([request(0)]))).toMatchObject({ status: 401 });
  });

  it('should not be of use with a key for other routes', async () => {
    const { key } = await app.createKey({ routes: ['/v1/completions'] });
    expect(await errorOf(await app.fetch('/v1/files', { key }))).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

describe('a list of batches', () => {
  it('should be a read, and ask only the objects of those that have not ended, page by page', async () => {
    const asked: string[] = [];
    const lists = vi.fn();
    const namespace = {
      getByName: (id: string) => {
        asked.push(id);
        return queue.namespace.getByName(id);
      },
    } as DurableObjectNamespace;
    const bucket = new Proxy(testEnv.MODELS, {
      get: (real, name) => {
        if (name === 'list') lists();
        return Reflect.get(real, name).bind(real);
      },
    });
    const counted = batchApp({ BATCHES: namespace, BATCH_QUEUE: queue.binding, MODELS: bucket, PUBLIC_LIMITS: '' });
    const { key } = await app.createKey();
    const file = await json<WireFile>(await app.upload(requests(2), { key }));
    const create = async (endpoint: string, metadata: object) => {
      const body = JSON.stringify({ input_file_id: file.id, endpoint, completion_window: '24h', metadata });
      const headers = { 'content-type': 'application/json' };
      return (await json<{ id: string }>(await app.fetch('/v1/batches', { method: 'POST', body, key, headers }))).id;
    };
    // Requests of another endpoint than that of the batch: it fails while it is validated.
    const ids: string[] = [];
    for (let index = 0; index < 12; index++) ids.unshift(await create('/v1/embeddings', { number: String(index) }));
    for (const id of ids) expect(await settled(app, id, key)).toMatchObject({ status: 'failed' });
    ids.unshift(await create('/v1/completions', {}));
    await step(ids[0]);
    asked.length = 0;
    const page = await json<{ data: object[]; has_more: boolean }>(await counted.fetch('/v1/batches?limit=100', { key }));
    expect(page).toMatchObject({ data: ids.map((id) => ({ id })), has_more: false });
    expect(page.data).toEqual(await Promise.all(ids.map((id) => app.get(id, key))));
    expect(asked).toEqual([ids[0]]);
    expect(lists).toHaveBeenCalledTimes(1);
    const walked: string[] = [];
    for (let after = ''; walked.length < 13; after = `&after=${walked.at(-1)}`) {
      const next = await json<{ data: { id: string }[]; has_more: boolean }>(await counted.fetch(`/v1/batches?limit=5${after}`, { key }));
      walked.push(...next.data.map(({ id }) => id));
      expect(next.has_more).toBe(walked.length < 13);
    }
    expect(walked).toEqual(ids);
  });
});

describe('the requests of a batch', () => {
  it('should give way to those of callers, with a key and without', async () => {
    const submit = vi.spyOn(Scheduler.prototype, 'submit');
    const kinds = () => submit.mock.calls.splice(0).map(([, budget]) => budget.isOffline);
    const { key } = await app.createKey();
    await json(
      await app.fetch('/v1/completions', {
        method: 'POST',
        body: JSON.stringify({ ...PROMPT, max_tokens: 1 }),
        key,
        headers: { 'content-type': 'application/json' },
      }),
    );
    expect(kinds()).toEqual([false]);
    const { messages } = await begin(2, key);
    await app.deliver(messages[0]);
    expect(kinds()).toEqual([true, true]);
    const open = batchApp({ BATCHES: queue.namespace, BATCH_QUEUE: queue.binding });
    const { id } = await open.begin(requests(1, PROMPT));
    await step(id);
    await vi.waitUntil(() => queue.sent.some(({ batch }) => batch === id));
    await open.deliver(queue.sent.find(({ batch }) => batch === id)!);
    expect(kinds()).toEqual([true]);
    submit.mockRestore();
  });

  it("should count for the day of their key, and not for its minute's limits", async () => {
    const { key, id: keyId } = await app.createKey({ limits: { requests_per_minute: 20, tokens_per_day: 10_000, concurrent: 2 } });
    const { id, messages } = await begin(40, key);
    for (const message of messages) await app.deliver(message);
    const batch = await settled(app, id, key);
    expect(batch.request_counts).toEqual({ total: 40, completed: 40, failed: 0 });
    const used = async () => (await keyOf(keyId)).today;
    while ((await used()).tokens !== 40 * TOKENS) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await used()).requests).toBeGreaterThanOrEqual(40);
    expect((await app.fetch('/v1/models', { key })).status).toBe(200);
  });

  it("should end with an error when the day's tokens are used", async () => {
    const { key } = await app.createKey({ limits: { tokens_per_day: 10 * TOKENS } });
    const { id, messages } = await begin(32, key);
    for (let tries = 1; tries < 7; tries++) await app.deliver(messages[0], { attempts: tries });
    // The key may ask nothing more today, so its owner reads the results with a fresh day or another secret.
    const batch = await settledState(id);
    expect(batch.completed).toBe(10);
    expect(batch.failed).toBe(22);
  });

  it('should be refused when their key was revoked', async () => {
    const { key, id: keyId } = await app.createKey();
    const { id, messages } = await begin(2, key);
    await app.fetch(`/operator/keys/${keyId}`, { method: 'DELETE', key: OPERATOR_KEY });
    await app.deliver(messages[0]);
    expect(await settledState(id)).toMatchObject({ completed: 0, failed: 2 });
  });

  it('should use no model that the key may not', async () => {
    const { key } = await app.createKey({ models: ['another'] });
    const { id, messages } = await begin(1, key);
    await app.deliver(messages[0]);
    const batch = await settled(app, id, key);
    const [{ response }] = await app.results(batch.error_file_id, key);
    expect(response).toMatchObject({ status_code: 404, body: { error: { code: 'model_not_found' } } });
  });
});
