import { env } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import type { WorkerEnv } from '../../../src/worker/models-from-env.ts';
import { accessApp, errorOf } from '../access/access-app.ts';
import { batchApp, HeldQueue, requests, step } from '../batch/batch-app.ts';
import { frontApp } from '../engine-object/sliced.ts';
import { DEFAULT_MODEL, readEvents, seedModel } from '../helpers.ts';

const HOURS = 3_600_000;
const JUMPS: [name: string, milliseconds: number][] = [
  ['back', -5 * HOURS],
  ['forward', 5 * HOURS],
];

const realNow = Date.now;
const jump = (milliseconds: number) => vi.spyOn(Date, 'now').mockImplementation(() => realNow() + milliseconds);

beforeAll(() => seedModel(DEFAULT_MODEL));
afterEach(() => {
  vi.restoreAllMocks();
});

const front = frontApp();
const complete = async (body: object): Promise<Response> =>
  front.request('http://edge/v1/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'Once upon a time', max_tokens: 60, temperature: 0.8, seed: 3, logit_bias: { 0: -100 }, ...body }),
  });
const textOf = (events: readonly string[]): string => {
  expect(events.at(-1)).toBe('[DONE]');
  const parsed = events.slice(0, -1).map((event) => JSON.parse(event) as { choices: { text: string }[] });
  return parsed.map(({ choices }) => choices[0].text).join('');
};

describe.each(JUMPS)('a clock that jumps %s by hours', (_, milliseconds) => {
  it('should change no answer that is being made, nor end it by its timeout_ms', async () => {
    const wanted = textOf(await readEvents(await complete({ stream: true })));
    const answer = await complete({ stream: true, timeout_ms: 60_000 });
    jump(milliseconds);
    expect(textOf(await readEvents(answer))).toBe(wanted);
    expect(textOf(await readEvents(await complete({ stream: true })))).toBe(wanted);
  });

  it('should not let a request be refused that waits, nor wait for hours', async () => {
    const running = await Promise.all(Array.from({ length: 3 }, () => complete({ n: 128, max_tokens: 400, stream: true })));
    const { scheduler } = isolateModels(env as unknown as WorkerEnv).loaded('tinystories-gpt2')!;
    const waiting = complete({ n: 128, max_tokens: 400, stream: true });
    await expect.poll(() => scheduler.waitingCount).toBeGreaterThan(0);
    jump(milliseconds);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const answer of running) await answer.body!.cancel();
    const answer = await waiting;
    expect(answer.status).toBe(200);
    await answer.body!.cancel();
  });

  it('should let no more through than a limit allows, and not keep anyone out for longer than a minute', async () => {
    const app = accessApp();
    const { key } = await app.createKey({ limits: { requests_per_minute: 2, concurrent: 1 } });
    const ask = () => app.post('/v1/completions', { prompt: 'Once', max_tokens: 1 }, { key });
    for (let count = 0; count < 2; count++) await (await ask()).text();
    expect((await ask()).status).toBe(429);
    jump(milliseconds);
    if (milliseconds < 0) {
      const refused = await ask();
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(61);
      expect(await errorOf(refused)).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    }
    jump(milliseconds + 62_000);
    expect((await ask()).status).toBe(200);
  });

  it('should not keep a batch from ending, nor from being cancelled', async () => {
    const queue = new HeldQueue();
    const app = batchApp({ BATCHES: queue.namespace, BATCH_QUEUE: queue.binding });
    const begin = async () => {
      const { id } = await app.begin(requests(40, { max_tokens: 1 }));
      await step(id);
      await vi.waitUntil(async () => (await app.get(id)).status === 'in_progress');
      return { id, messages: queue.sent.filter(({ batch }) => batch === id) };
    };
    // The alarms of the platform go by its own clock, which has not jumped.
    const endsAs = async (id: string, status: string) => {
      while ((await app.get(id)).status !== status) await step(id);
    };
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const dies = () => Promise.reject(new Error('the isolate was ended'));
    const [first, second] = [await begin(), await begin()];
    for (const { messages } of [first, second]) await app.deliver(messages[0], { serve: dies });
    jump(milliseconds);
    // What nobody works on any more is cancelled, and sent again.
    await app.fetch(`/v1/batches/${first.id}/cancel`, { method: 'POST' });
    await endsAs(first.id, 'cancelled');
    const sent = queue.sent.length;
    jump(milliseconds + 2 * HOURS);
    await step(second.id);
    await vi.waitUntil(() => queue.sent.length >= sent + 2);
    for (const message of second.messages) await app.deliver(message);
    await endsAs(second.id, 'completed');
  });
});
