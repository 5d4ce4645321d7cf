import { env, runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { OPEN_GRANT } from '../../../src/access/grant.ts';
import { withGrant } from '../../../src/api/access/handed-grant.ts';
import type { EngineObject } from '../../../src/engine-object/engine-object.ts';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import type { WorkerEnv } from '../../../src/worker/models-from-env.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';

const bindings = env as unknown as WorkerEnv & { ENGINE_NAMESPACE: DurableObjectNamespace<EngineObject> };
const namespace = bindings.ENGINE_NAMESPACE;
const MODEL = 'tinystories-gpt2';
const stubOf = (index: number) => namespace.get(namespace.idFromName(`local/${MODEL}/${index}`));

const complete = async (index: number, body: object) => {
  const request = new Request('http://edge/v1/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'gpt-edge-may-wait': '1', 'x-gpt-edge-grant': encodeURIComponent('"open"') },
    body: JSON.stringify({ temperature: 0, max_tokens: 30, ...body }),
  });
  const answer = await stubOf(index).fetch(withGrant(request, OPEN_GRANT));
  return (await answer.json()) as { choices: { text: string }[] };
};

/** Reads of weights, which wait until `flow` is called. */
let reads = 0;
let flow = () => {};

beforeAll(async () => {
  await seedModel(DEFAULT_MODEL);
  const bucket = bindings.MODELS;
  let isOpen = false;
  flow = () => {
    isOpen = true;
  };
  /** R2 itself, except that weights come when the test wants it. Each object waits by its own timers. */
  const slow = {
    head: (key: string) => bucket.head(key),
    async get(key: string, options?: R2GetOptions) {
      if (key.endsWith('model.onnx_data')) reads++;
      while (key.endsWith('model.onnx_data') && !isOpen) await scheduler.wait(20);
      return bucket.get(key, options);
    },
  } as unknown as R2Bucket;
  isolateModels({ ...bindings, MODELS: slow });
});

describe('objects that share an isolate', () => {
  it('should load a model anew if the object that loads it is reset, whoever waits for it', async () => {
    const first = complete(0, { prompt: 'Once' }).catch(String);
    await expect.poll(() => reads).toBeGreaterThan(0);
    const others = [1, 2, 3].map((index) => complete(index, { prompt: 'Once', max_tokens: 3 }));
    await runInDurableObject(stubOf(0), (_, state) => state.abort('reset')).catch(() => {});
    expect(await first).toContain('reset');
    const before = reads;
    await expect.poll(() => reads, { timeout: 10_000 }).toBeGreaterThan(before);
    flow();
    for (const answer of await Promise.all(others)) expect(answer.choices[0].text).toBe(' upon a time');
  });

  it('should have one model, one scheduler and one KV cache, within the memory plan', async () => {
    const { memory, manifest } = await isolateModels(bindings).describe(MODEL);
    const model = isolateModels(bindings).loaded(MODEL)!;
    const before = reads;
    const lone = await complete(0, { prompt: 'Once upon a time', max_tokens: 200 });
    const texts = Array.from({ length: 8 }, (_, index) => complete(index, { prompt: 'Once upon a time', max_tokens: 200 }));
    await expect.poll(() => model.scheduler.runningCount).toBe(8);
    expect((await Promise.all(texts)).map(({ choices }) => choices[0].text)).toEqual(Array(8).fill(lone.choices[0].text));
    expect(isolateModels(bindings).loaded(MODEL)).toBe(model);
    expect(reads).toBe(before);
    expect(memory.totalBytes).toBeLessThan(128e6);
    const { totalBlocks, blockPositions } = model.decoder.kvCache;
    const cacheBytes = totalBlocks * blockPositions * manifest.kvBytesPerToken;
    const planned = memory.parts.find(({ name }) => name.startsWith('KV cache'))!.bytes;
    expect(memory.totalBytes - planned + cacheBytes).toBeLessThanOrEqual(128e6);
  });

  it('should leave nothing behind of one that is reset while it generates', async () => {
    const { scheduler: running, decoder } = isolateModels(bindings).loaded(MODEL)!;
    const broken = Array.from({ length: 3 }, () =>
      complete(5, { prompt: 'Once', max_tokens: 500, n: 16, logit_bias: { 0: -100 } }).catch(String),
    );
    await expect.poll(() => running.runningCount).toBe(3);
    await runInDurableObject(stubOf(5), (_, state) => state.abort('reset')).catch(() => {});
    for (const answer of broken) expect(await answer).toContain('reset');
    await complete(5, { prompt: 'Once', max_tokens: 3 });
    await expect.poll(() => running.runningCount + running.waitingCount).toBe(0);
    expect(decoder.kvCache.freeBlocks).toBe(decoder.kvCache.totalBlocks);
  });
});
