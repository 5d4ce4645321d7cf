import { env, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../../src/api/app.ts';
import { EngineObject } from '../../../src/engine-object/engine-object.ts';
import { createFront } from '../../../src/engine-object/front.ts';
import { HeldBody } from '../../../src/engine-object/held-body.ts';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import type { WorkerEnv } from '../../../src/worker/models-from-env.ts';
import { errorOf } from '../access/access-app.ts';
import { DEFAULT_MODEL, readEvents, seedModel, testEnv } from '../helpers.ts';

const namespace = (env as unknown as { ENGINE_NAMESPACE: DurableObjectNamespace<EngineObject> }).ENGINE_NAMESPACE;
/** Long enough for whatever an object does between two things that it says. */
const SILENCE_MS = 2_000;

const app = createApp({
  host: isolateModels(env as unknown as WorkerEnv),
  isPublic: true,
  log: () => {},
  engine: createFront({ namespace, objectCount: 1, modelIds: [testEnv.MODEL_IDS], answerSeconds: 2, silenceMs: SILENCE_MS }),
});

const post = async (path: string, body: object): Promise<Response> =>
  app.request(`http://edge${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const complete = (body: object = {}) =>
  post('/v1/completions', { prompt: 'Once upon a time', max_tokens: 40, temperature: 0.8, seed: 7, logit_bias: { 0: -100 }, ...body });
const textOf = async (answer: Response): Promise<string> => {
  const events = await readEvents(answer);
  expect(events.at(-1)).toBe('[DONE]');
  return events
    .slice(0, -1)
    .map((event) => (JSON.parse(event) as { choices: { text: string }[] }).choices[0].text)
    .join('');
};

const original = EngineObject.prototype.fetch;
const isFull = EngineObject.prototype.isFull;

/** The beginning of an answer, after which nothing comes, and the connection stays. */
function stalled(answer: Response, chunks: number): Response {
  const reader = answer.body!.getReader();
  let left = chunks;
  const body = new ReadableStream(
    {
      async pull(controller) {
        if (left-- <= 0) return new Promise(() => {});
        const { done, value } = await reader.read();
        if (done) return new Promise(() => {});
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, answer);
}

/** Lets the first answers of the object stall after so many chunks. @returns how often it was asked */
function stallAfter(chunks: number, times = 1): { asked: number } {
  const calls = { asked: 0 };
  EngineObject.prototype.fetch = async function (request) {
    const isStalling = calls.asked++ < times;
    const answer = await original.call(this, request);
    return isStalling ? stalled(answer, chunks) : answer;
  };
  return calls;
}

beforeAll(() => seedModel(DEFAULT_MODEL));
afterEach(() => {
  EngineObject.prototype.fetch = original;
  EngineObject.prototype.isFull = isFull;
  vi.useRealTimers();
});

describe('an object that stalls', () => {
  it('should not be noticed by a stream, wherever it stalls', async () => {
    const wanted = await textOf(await complete({ stream: true }));
    for (const chunks of [0, 1, 3]) {
      const calls = stallAfter(chunks);
      expect(await textOf(await complete({ stream: true })), `${chunks} chunks`).toBe(wanted);
      expect(calls.asked).toBe(2);
    }
  });

  it('should not be noticed by a whole answer, before it begins', async () => {
    const body = { max_tokens: 120, n: 8 };
    const wanted = (await (await complete(body)).json()) as { choices: unknown };
    const calls = stallAfter(1);
    expect(await (await complete(body)).json()).toMatchObject({ choices: wanted.choices });
    expect(calls.asked).toBe(2);
  });

  it('should end a stream with an error if it stalls again with nothing new, and answer the next', async () => {
    const calls = stallAfter(0, 5);
    const events = await readEvents(await complete({ stream: true }));
    expect(JSON.parse(events.at(-1)!)).toMatchObject({
      error: { code: 'engine_unavailable', message: expect.stringContaining('has not said anything for 2 s') },
    });
    expect(calls.asked).toBe(2);
    EngineObject.prototype.fetch = original;
    expect((await complete({ stream: true })).status).toBe(200);
  });

  it('should not be noticed by a stream of a response', async () => {
    const streamed = async () => {
      const answer = await post('/v1/responses', { input: 'Hi', max_output_tokens: 8, temperature: 0, stream: true });
      const events = [...(await answer.text()).matchAll(/^data: (\{.*)$/gm)].map(
        ([, data]) => JSON.parse(data) as { type: string; delta?: string },
      );
      return events.map(({ type, delta }) => [type, delta]);
    };
    const wanted = await streamed();
    expect(wanted.at(-1)).toEqual(['response.incomplete', undefined]);
    const calls = stallAfter(2);
    expect(await streamed()).toEqual(wanted);
    expect(calls.asked).toBe(2);
  });

  it('should end what is not made in slices with the same error', async () => {
    const calls = stallAfter(0, 9);
    expect(await errorOf(await post('/v1/embeddings', { input: 'Hi' }))).toMatchObject({ status: 503, code: 'engine_unavailable' });
    expect(calls.asked).toBe(3);
    EngineObject.prototype.fetch = original;
    expect((await post('/v1/embeddings', { input: 'Hi' })).status).toBe(200);
  });

  it('should not be asked for ever whether it is full', async () => {
    EngineObject.prototype.isFull = () => new Promise(() => {}) as never;
    const long = { metadata: { text: 'x'.repeat(70_000) }, stream: true };
    const wanted = await textOf(await complete({ stream: true }));
    expect(await textOf(await complete(long))).toBe(wanted);
  });

  it('should go on with its own state when it is reset while it stalls', async () => {
    const wanted = await textOf(await complete({ stream: true }));
    stallAfter(3);
    const answer = await complete({ stream: true });
    setTimeout(() => {
      const stub = namespace.get(namespace.idFromName(`local/${testEnv.MODEL_IDS}/0`));
      void runInDurableObject(stub, (_, state) => state.abort('reset')).catch(() => {});
    }, 100);
    expect(await textOf(answer)).toBe(wanted);
  });
});

describe('a body on its way to an object', () => {
  /** A body that comes byte by byte, one each second. */
  const slowly = (text: string) => {
    const bytes = [...new TextEncoder().encode(text)];
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const byte = bytes.shift();
        if (byte === undefined) controller.close();
        else controller.enqueue(new Uint8Array([byte]));
      },
    });
  };

  it('should give up a body that does not come', async () => {
    vi.useFakeTimers();
    const never = expect(new HeldBody(new ReadableStream()).hold()).rejects.toMatchObject({ code: 'timeout' });
    const late = expect(new HeldBody(slowly('x'.repeat(60))).holdAll()).rejects.toMatchObject({ code: 'timeout' });
    const body = new HeldBody(slowly('{"model": "a"}'));
    const held = body.hold();
    await vi.advanceTimersByTimeAsync(31_000);
    await Promise.all([never, late, held]);
    expect([body.isWhole, body.text]).toEqual([true, '{"model": "a"}']);
  });
});
