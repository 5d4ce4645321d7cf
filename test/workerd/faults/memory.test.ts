import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import kernels from '../../../dist/kernels/relaxed.wasm';
import { createApp } from '../../../src/api/app.ts';
import { IsolateModels } from '../../../src/worker/isolate-models.ts';
import { errorOf } from '../access/access-app.ts';
import { DEFAULT_MODEL, readEvents, seedModel, testEnv } from '../helpers.ts';

const ID = 'tinystories-gpt2';
const { Memory } = WebAssembly;

beforeAll(() => seedModel(DEFAULT_MODEL));
afterEach(() => {
  vi.restoreAllMocks();
  WebAssembly.Memory = Memory;
});

/** A new isolate's app. */
function freshApp() {
  const host = new IsolateModels({
    bucket: testEnv.MODELS,
    ids: [ID],
    engineOf: () => ({ engine: 'edge', cacheFormat: 'f32' }),
    kernels,
    memoryLimitMegabytes: 128,
    keepAlive: () => {},
  });
  const app = createApp({ host, isPublic: true, log: () => {} });
  const ask = (body: object) =>
    app.request('http://edge/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'Once', max_tokens: 3, temperature: 0, logit_bias: { 0: -100 }, ...body }),
    }) as Promise<Response>;
  return { ask, kvCache: () => host.loaded(ID)!.decoder.kvCache };
}

const TEXT = { choices: [{ text: ' upon a time' }] };

/** Lets memories grow so often, and then no more. */
function growOnly(times: number): void {
  let left = times;
  const { grow } = Memory.prototype;
  vi.spyOn(Memory.prototype, 'grow').mockImplementation(function (this: WebAssembly.Memory, pages) {
    if (left-- <= 0) throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
    return grow.call(this, pages);
  });
}

describe('a host without memory', () => {
  it('should be an error while a model is loaded, and no more when there is memory', async () => {
    const { ask } = freshApp();
    WebAssembly.Memory = function noMemory() {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    } as unknown as typeof Memory;
    expect(await errorOf(await ask({}))).toMatchObject({ status: 503, code: 'memory_limit_exceeded' });
    WebAssembly.Memory = Memory;
    expect(await (await ask({})).json()).toMatchObject(TEXT);
  });

  it('should be an error for a prompt that has no room, and no more when there is memory', async () => {
    const { ask } = freshApp();
    growOnly(0);
    const answers = await Promise.all([ask({}), ask({ prompt: 'Twice' }), ask({ prompt: 'Thrice', stream: true })]);
    for (const answer of answers.slice(0, 2)) expect(await errorOf(answer)).toMatchObject({ status: 503, code: 'memory_limit_exceeded' });
    expect(await answers[2].text()).toContain('memory_limit_exceeded');
    vi.restoreAllMocks();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await (await ask({})).json()).toMatchObject(TEXT);
  });

  it('should end a stream with an error where it needs another block of the KV cache', async () => {
    const { ask } = freshApp();
    growOnly(1);
    const events = await readEvents(await ask({ max_tokens: 200, stream: true }));
    expect(JSON.parse(events.at(-1)!)).toMatchObject({ error: { code: 'memory_limit_exceeded' } });
    expect(events.length).toBeGreaterThan(5);
    vi.restoreAllMocks();
    expect(await (await ask({})).json()).toMatchObject(TEXT);
  });

  it('should make requests wait for the blocks that there are, and answer each as if it were alone', async () => {
    const bodies = Array.from({ length: 6 }, (_, index) => ({
      prompt: `Story ${index}: once`,
      max_tokens: 100,
      seed: index,
      temperature: 1,
    }));
    const alone = freshApp();
    const wanted: unknown[] = [];
    for (const body of bodies) wanted.push(((await (await alone.ask(body)).json()) as { choices: unknown }).choices);
    const { ask, kvCache } = freshApp();
    growOnly(2);
    const answers = await Promise.all(bodies.map(ask));
    for (const [index, answer] of answers.entries())
      expect(await answer.json(), `request ${index}`).toMatchObject({ choices: wanted[index] });
    expect(kvCache().totalBlocks - kvCache().freeBlocks).toBe(0);
  });
});
