import { runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { WireBatch } from '../../../src/api/openai/schemas/batch-schema.ts';
import type { GroupMessage } from '../../../src/batch/batch-state.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from '../helpers.ts';
import { BATCHES, type BatchApp, batchApp, HeldQueue, request, requests, reset, settled, step } from './batch-app.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const queue = new HeldQueue();
const app = batchApp({ BATCHES: queue.namespace, BATCH_QUEUE: queue.binding });
const COUNT = 70;

/** Begins a batch whose messages the test delivers. @returns it, and its messages */
async function begin(lines: readonly unknown[]) {
  const { id } = await app.begin(lines);
  await step(id);
  await until(async () => (await app.get(id)).status !== 'validating');
  const messages = queue.sent.filter(({ batch }) => batch === id);
  return { id, messages };
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Delivers messages as the queue does: again and again, until nothing is left to do. */
async function deliverUntilDone(id: string, messages: readonly GroupMessage[]): Promise<void> {
  const isRunning = async () => (await app.get(id)).status === 'in_progress';
  while (await isRunning().catch(() => true)) for (const message of messages) await app.deliver(message).catch(() => {});
}

/** Checks that each line has exactly one result. @returns the results by their `custom_id` */
async function expectOneEach(batch: WireBatch, count: number, from: BatchApp = app) {
  const [output, errors] = [await from.results(batch.output_file_id), await from.results(batch.error_file_id)];
  expect(batch.request_counts).toEqual({ total: count, completed: output.length, failed: errors.length });
  const all = [...output, ...errors];
  expect(all).toHaveLength(count);
  const found = new Map(all.map((line) => [line.custom_id, line]));
  expect([...found.keys()].sort()).toEqual(
    requests(count)
      .map(({ custom_id }) => custom_id)
      .sort(),
  );
  return found;
}

/** A server that fails for good after some requests, as an isolate that is ended. */
function endingAfter(count: number, died = 'the isolate was ended') {
  let served = 0;
  return async (request: Request): Promise<Response> => {
    if (++served > count) throw new Error(died);
    return Response.json({ choices: [{ text: 'from the first consumer' }], prompt: ((await request.json()) as { prompt: string }).prompt });
  };
}

describe('a batch', () => {
  it('should be sent as ranges of lines, one message each', async () => {
    const { messages, id } = await begin(requests(COUNT));
    expect(messages).toEqual([0, 32, 64].map((first) => ({ batch: id, first })));
  });

  it('should give each line one result when a consumer dies after half of its work and the message comes again', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { id, messages } = await begin(requests(COUNT));
    const [first, ...others] = messages;
    expect(await app.deliver(first, { serve: endingAfter(16) })).toEqual({ acknowledged: false, delaySeconds: 2 });
    expect((await app.get(id)).request_counts).toEqual({ total: COUNT, completed: 16, failed: 0 });
    await reset(id);
    expect((await app.get(id)).request_counts).toEqual({ total: COUNT, completed: 16, failed: 0 });
    const again: string[] = [];
    const serve = async (request: Request) => {
      again.push(((await request.json()) as { prompt: string }).prompt);
      return Response.json({ choices: [{ text: 'from the second consumer' }] });
    };
    expect(await app.deliver(first, { serve, attempts: 2 })).toEqual({ acknowledged: true });
    expect(again).toHaveLength(16);
    for (const message of [...others, ...messages]) expect(await app.deliver(message)).toEqual({ acknowledged: true });
    const found = await expectOneEach(await settled(app, id), COUNT);
    const texts = [...found.values()].map(({ response }) => response!.body.choices![0].text);
    expect(texts.filter((text) => text === 'from the first consumer')).toHaveLength(16);
    expect(texts.filter((text) => text === 'from the second consumer')).toHaveLength(16);
  });

  it('should give each line one result when two consumers have the same message at the same time', async () => {
    const { id, messages } = await begin(requests(COUNT));
    await Promise.all([...messages, ...messages].map((message) => app.deliver(message)));
    await deliverUntilDone(id, messages);
    await expectOneEach(await settled(app, id), COUNT);
  });

  it.each([0, 1, 2, 3, 4])('should give each line one result when its object is reset again and again (%i)', async (seed) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { id, messages } = await begin(requests(COUNT));
    let isDone = false;
    const resets = (async () => {
      for (let round = 0; !isDone && round < 8; round++) {
        await new Promise((resolve) => setTimeout(resolve, 10 + 17 * ((seed + round * 3) % 7)));
        await reset(id);
      }
    })();
    await deliverUntilDone(id, messages);
    isDone = true;
    await resets;
    await step(id);
    await expectOneEach(await settled(app, id), COUNT);
  });

  it('should write the same files again when its object is reset while it writes them', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { id, messages } = await begin(requests(3));
    const object = BATCHES.getByName(id);
    await runInDurableObject(object, (instance) => {
      const files = (instance as unknown as { env: { MODELS: R2Bucket } }).env;
      // The bucket fails once, in the midst of the two files.
      let puts = 0;
      const bucket = new Proxy(files.MODELS, {
        get: (target, name) => {
          const value = Reflect.get(target, name) as unknown;
          if (name !== 'put') return typeof value === 'function' ? value.bind(target) : value;
          return (...values: Parameters<R2Bucket['put']>) =>
            ++puts === 2 ? Promise.reject(new Error('the bucket failed')) : target.put(...values);
        },
      });
      replaceBucket(instance, bucket);
    });
    await app.deliver(messages[0]);
    await until(async () => (await app.get(id)).status === 'finalizing');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await app.get(id)).output_file_id).toBeNull();
    await reset(id);
    await step(id);
    await expectOneEach(await settled(app, id), 3);
    const outputs = (await testEnv.MODELS.list({ prefix: 'files/nobody/', include: ['customMetadata'] })).objects;
    expect(outputs.filter(({ customMetadata }) => decodeURIComponent(customMetadata!.file).includes(id))).toHaveLength(1);
  });

  it('should send its messages again when they were lost', async () => {
    const { id, messages } = await begin(requests(COUNT));
    await app.deliver(messages[0]);
    const sent = queue.sent.length;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    await step(id); // It has come further since the last look.
    expect(queue.sent).toHaveLength(sent);
    vi.setSystemTime(Date.now() + 200_000);
    await step(id);
    expect(queue.sent.slice(sent)).toEqual(messages.slice(1));
    vi.useRealTimers();
    await deliverUntilDone(id, queue.sent.slice(sent));
    await expectOneEach(await settled(app, id), COUNT);
  });
});

describe('a line that fails', () => {
  const overloaded = async () => Response.json({ error: { code: 'overloaded' } }, { status: 503, headers: { 'retry-after': '7' } });

  it('should be tried again later, with the rest of its group, and as long as the answer says', async () => {
    const { id, messages } = await begin(requests(4));
    expect(await app.deliver(messages[0], { serve: overloaded })).toEqual({ acknowledged: false, delaySeconds: 7 });
    expect(await app.deliver(messages[0], { serve: overloaded, attempts: 5 })).toEqual({ acknowledged: false, delaySeconds: 32 });
    expect((await app.get(id)).request_counts).toMatchObject({ completed: 0, failed: 0 });
    expect(await app.deliver(messages[0], { attempts: 6 })).toEqual({ acknowledged: true });
    await expectOneEach(await settled(app, id), 4);
  });

  it('should have its last answer as its result when it was tried often enough', async () => {
    const { id, messages } = await begin(requests(4));
    expect(await app.deliver(messages[0], { serve: overloaded, attempts: 6 })).toEqual({ acknowledged: true });
    const found = await expectOneEach(await settled(app, id), 4);
    for (const { response } of found.values())
      expect(response).toMatchObject({ status_code: 503, body: { error: { code: 'overloaded' } } });
  });

  it('should not hold up the others: what they leave is a new message', async () => {
    const { id, messages } = await begin(requests(4));
    const serve = async (request: Request) =>
      ((await request.clone().json()) as { prompt: string }).prompt.startsWith('Story 2') ? overloaded() : Response.json({ choices: [] });
    expect(await app.deliver(messages[0], { serve, attempts: 5 })).toEqual({ acknowledged: true });
    expect((await app.get(id)).request_counts).toMatchObject({ completed: 3, failed: 0 });
    await app.deliver(messages[0]);
    await expectOneEach(await settled(app, id), 4);
  });

  it('should have an error as its result when its message is a dead letter', async () => {
    const { id, messages } = await begin(requests(COUNT));
    await app.deliver(messages[0]);
    for (const message of messages) expect(await app.deliver(message, { queue: 'gpt-edge-batches-dead' })).toEqual({ acknowledged: true });
    const found = await expectOneEach(await settled(app, id), COUNT);
    expect(found.get('request-40')).toMatchObject({ response: null, error: { code: 'batch_request_failed' } });
    expect(found.get('request-4')).toMatchObject({ response: { status_code: 200 }, error: null });
  });

  it('should say so when the input file was deleted', async () => {
    const { id, messages } = await begin(requests(4));
    const { input_file_id } = await app.get(id);
    await app.fetch(`/v1/files/${input_file_id}`, { method: 'DELETE' });
    await app.deliver(messages[0]);
    const found = await expectOneEach(await settled(app, id), 4);
    expect(found.get('request-1')).toMatchObject({ response: null, error: { code: 'file_not_found' } });
  });
});

describe('the end of a batch', () => {
  it('should come after 24 hours, with an error for each line that has no answer', async () => {
    const { id, messages } = await begin(requests(COUNT));
    await app.deliver(messages[1]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 3_600_000 });
    // A consumer that comes too late does nothing.
    expect(await app.deliver(messages[0])).toEqual({ acknowledged: true });
    await step(id);
    await until(async () => {
      await step(id);
      return (await app.get(id)).status === 'expired';
    });
    const batch = await app.get(id);
    expect(batch.expired_at).toBeGreaterThanOrEqual(batch.expires_at!);
    expect(batch.expires_at! - batch.created_at).toBe(24 * 3600);
    const found = await expectOneEach(batch, COUNT);
    expect(found.get('request-1')).toMatchObject({ response: null, error: { code: 'batch_expired' } });
    expect(found.get('request-33')).toMatchObject({ response: { status_code: 200 } });
  });

  it('should wait for consumers that are at work when the batch is cancelled, but not for ever', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { id, messages } = await begin(requests(COUNT));
    const held = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const serve = async () => {
      began.resolve();
      await held.promise;
      return Response.json({ choices: [] });
    };
    const delivered = app.deliver(messages[0], { serve });
    await began.promise;
    const cancelled = await app.fetch(`/v1/batches/${id}/cancel`, { method: 'POST' });
    expect(await cancelled.json()).toMatchObject({ status: 'cancelling' });
    await step(id);
    expect((await app.get(id)).status).toBe('cancelling');
    held.resolve();
    expect(await delivered).toEqual({ acknowledged: true });
    const batch = await settled(app, id);
    expect(batch.status).toBe('cancelled');
    expect(batch.request_counts!.completed).toBeGreaterThan(0);
    const found = await expectOneEach(batch, COUNT);
    expect(found.get('request-69')).toMatchObject({ error: { code: 'batch_cancelled' } });
    expect(await app.deliver(messages[2])).toEqual({ acknowledged: true });

    const lost = await begin(requests(COUNT));
    await app.deliver(lost.messages[0], { serve: endingAfter(3) });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    await app.fetch(`/v1/batches/${lost.id}/cancel`, { method: 'POST' });
    vi.setSystemTime(Date.now() + 121_000);
    await until(async () => {
      await step(lost.id);
      return (await app.get(lost.id)).status === 'cancelled';
    });
  });

  it('should be failed if the endpoint is not that of the lines', async () => {
    const { id: input_file_id } = (await (await app.upload([request(0)])).json()) as { id: string };
    const body = JSON.stringify({ input_file_id, endpoint: '/v1/embeddings', completion_window: '24h' });
    const answer = await app.fetch('/v1/batches', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const batch = await settled(app, ((await answer.json()) as WireBatch).id);
    expect(batch).toMatchObject({ status: 'failed', output_file_id: null, error_file_id: null });
    expect(batch.errors!.data).toEqual([
      {
        code: 'mismatched_endpoint',
        line: 1,
        param: null,
        message: "Line 1: url is /v1/completions, and the batch's endpoint is /v1/embeddings.",
      },
    ]);
  });

  it('should keep results that are larger than a row', async () => {
    const { id, messages } = await begin(requests(2));
    const text = 'ä'.repeat(1_700_000);
    await app.deliver(messages[0], { serve: async () => Response.json({ choices: [{ text }] }) });
    const found = await expectOneEach(await settled(app, id), 2);
    expect(found.get('request-1')!.response!.body.choices![0].text === text).toBe(true);
  });
});

/** Lets a batch's object have a bucket that fails. */
function replaceBucket(instance: unknown, bucket: R2Bucket): void {
  const object = instance as { env: Record<string, unknown> };
  object.env = { ...object.env, MODELS: bucket };
}
