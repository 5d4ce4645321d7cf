import { env, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/api/app.ts';
import { EngineObject } from '../../../src/engine-object/engine-object.ts';
import { createFront } from '../../../src/engine-object/front.ts';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import type { WorkerEnv } from '../../../src/worker/models-from-env.ts';
import { DEFAULT_MODEL, readEvents, seedModel, testEnv } from '../helpers.ts';

const namespace = (env as unknown as { ENGINE_NAMESPACE: DurableObjectNamespace<EngineObject> }).ENGINE_NAMESPACE;
const workerEnv = env as unknown as WorkerEnv;
const stubOf = (index: number) => namespace.get(namespace.idFromName(`local/tinystories-gpt2/${index}`));

const front = (objectCount = 1, answerSeconds = 60) =>
  createApp({
    host: isolateModels(workerEnv),
    isPublic: true,
    log: () => {},
    engine: createFront({ namespace, objectCount, modelIds: [testEnv.MODEL_IDS], answerSeconds }),
  });

const ask = (body: object, app = front()) =>
  app.request('http://edge/v1/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'Once', max_tokens: 3, temperature: 0, ...body }),
  });

/** An object whose state the tests reach. */
type ReachableObject = EngineObject & { ctx: DurableObjectState };

const original = EngineObject.prototype.fetch;

/** Lets objects answer in another way, until the test ends. */
function answerWith(fetch: (this: ReachableObject, request: Request, count: number) => Promise<Response>): { calls: string[] } {
  const calls: string[] = [];
  EngineObject.prototype.fetch = function (request) {
    const { ctx } = this as unknown as ReachableObject;
    calls.push(ctx.id.name!);
    return fetch.call(this as unknown as ReachableObject, request, calls.length);
  };
  return { calls };
}

/** Ends an object in the middle of whatever it does, as the platform may. */
const reset = (index = 0) => runInDurableObject(stubOf(index), (_, state) => state.abort('reset')).catch(() => {});

beforeAll(() => seedModel(DEFAULT_MODEL));
afterEach(() => {
  EngineObject.prototype.fetch = original;
});

const LONG = { max_tokens: 400, logit_bias: { 0: -100 } };
const TEXT = { choices: [{ text: ' upon a time' }] };

/** Reads a stream to its end, and calls `during` after its first chunk. */
async function readWith(answer: Response, during: () => Promise<unknown>): Promise<string> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? '';
  await during();
  for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
  return text;
}

describe('an object that is reset', () => {
  it('should end a stream with an error event if the request cannot be sent again, and answer the next one', async () => {
    const long = { ...LONG, max_tokens: 200, prompt: 'Once', stop: 'none', metadata: { text: 'x'.repeat(70_000) } };
    const events = (await readWith(await ask({ ...long, stream: true }), reset)).split('\n\n').filter((event) => event !== '');
    expect(JSON.parse(events.at(-1)!.slice('data: '.length))).toMatchObject({ error: { code: 'engine_unavailable' } });
    expect(events.length).toBeGreaterThan(1);
    expect(await (await ask({})).json()).toMatchObject(TEXT);
  });

  it('should not be noticed before the first byte, streamed or whole', async () => {
    for (const stream of [false, true]) {
      const { calls } = answerWith(async function (request, count) {
        if (count === 1) this.ctx.abort('reset');
        return original.call(this, request);
      });
      const answer = await ask({ stream });
      expect(await (stream ? readEvents(answer) : answer.json())).toMatchObject(stream ? { length: 4, 3: '[DONE]' } : TEXT);
      expect(calls).toHaveLength(2);
    }
  });

  it('should not be noticed while a long whole answer is white space', async () => {
    const answer = await ask({ ...LONG, max_tokens: 150, n: 16, seed: 1 });
    const text = await readWith(answer, reset);
    expect(text).toMatch(/^\n+{"id"/);
    expect(JSON.parse(text).choices).toHaveLength(16);
  });

  it('should be asked again for a stream of which nothing has come', async () => {
    const { calls } = answerWith(async function (request, count) {
      if (count > 1) return original.call(this, request);
      const body = new ReadableStream({ pull: () => new Promise(() => {}) });
      setTimeout(() => this.ctx.abort('reset'), 100);
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    });
    expect((await readEvents(await ask({ stream: true }))).at(-1)).toBe('[DONE]');
    expect(calls).toHaveLength(2);
  });

  it('should be an error if that goes on', async () => {
    const { calls } = answerWith(async function () {
      this.ctx.abort('reset');
      return new Response();
    });
    const answer = await ask({});
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ error: { code: 'engine_unavailable', message: expect.stringContaining('/0 was reset') } });
    expect(calls).toHaveLength(3);
  });

  it('should be an error at once if the body is too long to be sent again', async () => {
    const { calls } = answerWith(async function () {
      this.ctx.abort('reset');
      return new Response();
    });
    expect((await ask({ prompt: 'Once '.repeat(20_000) })).status).toBe(503);
    expect(calls).toHaveLength(1);
  });
});

describe('an object that never answers', () => {
  it('should be given up with an error, and called off', async () => {
    let isCalledOff = false;
    answerWith((request) => {
      request.signal.addEventListener('abort', () => {
        isCalledOff = true;
      });
      return new Promise(() => {});
    });
    const answer = await ask({}, front(4, 0.2));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.json()).toMatchObject({
      error: { code: 'engine_unavailable', message: expect.stringContaining('has not begun to answer for 0.2 s') },
    });
    await expect.poll(() => isCalledOff).toBe(true);
  });
});

describe('an object that is full', () => {
  const refusal = () => new Response('{}', { status: 503, headers: { 'retry-after': '7', 'content-type': 'application/json' } });

  it('should be passed over for the next, and so on', async () => {
    const { calls } = answerWith(async function (request, count) {
      return count < 3 ? refusal() : original.call(this, request);
    });
    const answer = await ask({}, front(4));
    expect(await answer.json()).toMatchObject(TEXT);
    expect(new Set(calls).size).toBe(3);
    expect(answer.headers.get('server-timing')).toContain(`object;desc="${calls[2]}"`);
  });

  it('should let a request wait at the first if all are, and then refuse it', async () => {
    const { calls } = answerWith(async () => refusal());
    const answer = await ask({}, front(4));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7']);
    expect(calls).toHaveLength(5);
    expect(calls[4]).toBe(calls[0]);
  });

  it('should be known by the requests that wait in it, for a long body too', async () => {
    const long = await Promise.all(Array.from({ length: 3 }, () => ask({ ...LONG, n: 128, stream: true }, front(1))));
    const waiting = ask({ ...LONG, n: 128, stream: true }, front(1));
    await expect.poll(() => isolateModels(workerEnv).loaded('tinystories-gpt2')!.scheduler.waitingCount).toBeGreaterThan(0);
    const { calls } = answerWith(function (request) {
      return original.call(this, request);
    });
    const refused = await ask({ prompt: 'Twice', stream: true }, front(2));
    expect(calls).toHaveLength(3);
    for (const answer of [...long, await waiting, refused]) await answer.body!.cancel();
  });
});
