import { env } from 'cloudflare:test';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import type { WorkerEnv } from '../../../src/worker/models-from-env.ts';
import { accessApp, errorOf } from '../access/access-app.ts';
import { appOver } from '../api/support.ts';
import { frontApp } from '../engine-object/sliced.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const LONG = { temperature: 0, max_tokens: 30, stream: true, logit_bias: { 0: -100 } };
const STREAMS: [path: string, body: object][] = [
  ['/v1/completions', { ...LONG, prompt: 'Once upon a time', n: 2 }],
  ['/v1/chat/completions', { ...LONG, messages: [{ role: 'user', content: 'Hi' }] }],
  ['/v1/responses', { input: 'Hi', temperature: 0, max_output_tokens: 30, stream: true }],
];
const init = (body: object, key?: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
  body: JSON.stringify(body),
});

/** Reads so many chunks, and leaves. @returns whether the stream had so many */
async function leaveAfter(answer: Response, chunks: number): Promise<boolean> {
  const reader = answer.body!.getReader();
  for (let read = 0; read < chunks; read++) if ((await reader.read()).done) return false;
  await reader.cancel();
  return true;
}

describe('a client that leaves after each chunk of a stream', () => {
  it.each(STREAMS)('should leave nothing behind, in an engine object: %s', async (path, body) => {
    const logged = vi.spyOn(console, 'error');
    const app = frontApp();
    for (let chunks = 0; await leaveAfter(await app.request(`http://edge${path}`, init(body)), chunks); chunks++);
    const { scheduler, decoder } = isolateModels(env as unknown as WorkerEnv).loaded('tinystories-gpt2')!;
    await expect.poll(() => scheduler.isBusy).toBe(false);
    // Whoever leaves is no failure of the server.
    expect(logged).not.toHaveBeenCalled();
    await expect.poll(() => decoder.kvCache.totalBlocks - decoder.kvCache.freeBlocks).toBe(0);
    expect((await app.request(`http://edge${path}`, init({ ...body, stream: false }))).status).toBe(200);
  });

  it('should be counted as gone at once, by a key that may have one request at a time', async () => {
    const app = accessApp();
    const { key } = await app.createKey({ limits: { concurrent: 1 } });
    const [[path, body]] = STREAMS;
    for (let chunks = 0; chunks < 8; chunks++) {
      const answer = await app.fetch(path, init(body, key));
      expect(answer.status, `after ${chunks} chunks`).toBe(200);
      expect(await errorOf(await app.fetch(path, init(body, key)))).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
      await leaveAfter(answer, chunks);
      await expect.poll(async () => (await app.fetch('/tokenize', init({ prompt: 'Hi' }, key))).status).toBe(200);
    }
  });

  it('should leave nothing behind, in a Worker that generates by itself', async () => {
    const app = appOver(true);
    const [[path, body]] = STREAMS;
    for (let chunks = 0; chunks < 12; chunks++) await leaveAfter(await app.request(`http://edge${path}`, init(body)), chunks);
    expect((await app.request(`http://edge${path}`, init({ ...body, stream: false }))).status).toBe(200);
  });
});
