import { waitUntil } from 'cloudflare:workers';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import { createApp } from '../../src/api/app.ts';
import type { WireModel } from '../../src/api/openai/schemas/model-schema.ts';
import { fileKey, formatPointer, pointerKey, versionKey } from '../../src/core/folder/stored-model.ts';
import { IsolateModels } from '../../src/worker/isolate-models.ts';
import { DEFAULT_MODEL, projectJson, pushVersion, seedModel, testEnv } from './helpers.ts';

/** Each test has a model of its own, so that none finds what another has pushed. */
let id: string;
let count = 0;
beforeEach(() => {
  id = `versioned-${count++}`;
});

/** Files with which a version tells its stories in another way. */
const greedy = { 'generation_config.json': '{"temperature": 0, "bos_token_id": 0, "eos_token_id": 0}' };
const STORY = { prompt: 'Once upon a time', seed: 3, max_tokens: 30, logit_bias: { 0: -100 } };

interface Options {
  megabytes?: number;
  pointerSeconds?: number;
  queueSeconds?: number;
  get?: (key: string) => unknown;
}

/** The app of a new isolate, over a bucket whose reads are watched, or made to fail. */
function freshApp({ megabytes = 128, pointerSeconds = 0, queueSeconds, get = () => {} }: Options = {}) {
  const bucket = {
    head: (key: string) => testEnv.MODELS.head(key),
    async get(key: string, options?: R2GetOptions) {
      await get(key);
      return testEnv.MODELS.get(key, options);
    },
  } as unknown as R2Bucket;
  const host = new IsolateModels({
    ...{ bucket, ids: [id], kernels, memoryLimitMegabytes: megabytes, keepAlive: waitUntil, pointerSeconds, scheduling: { queueSeconds } },
    engineOf: () => ({ engine: 'edge', cacheFormat: 'f32', contextWindow: 256 }),
  });
  const app = createApp({ host, isPublic: true, log: () => {} });
  const complete = (body: object = {}) =>
    app.request('/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: id, ...STORY, ...body }),
    });
  const told = async () => {
    const answer = await complete();
    const text = await answer.clone().text();
    if (answer.status !== 200) throw new Error(text);
    return { text: JSON.parse(text).choices[0].text as string, version: answer.headers.get('x-model-version') };
  };
  const model = async () => (await (await app.request(`/v1/models/${id}`)).json()) as WireModel;
  return { host, complete, told, model };
}

/** The rest of a stream, as the text that it has told. */
async function restOf(answer: Response): Promise<string> {
  const data = [...(await answer.text()).matchAll(/^data: (\{.*)$/gm)].map(([, event]) => JSON.parse(event));
  return data.map(({ choices }) => choices[0]?.text ?? '').join('');
}

describe('a version that becomes current', () => {
  it('should answer the next requests, and be described, while those that have begun end with theirs', async () => {
    const former = await pushVersion(id);
    for (const megabytes of [128, 30]) {
      await testEnv.MODELS.put(pointerKey(id), formatPointer(former));
      const { complete, told, model } = freshApp({ megabytes });
      const before = await told();
      expect(before.version).toBe(former);
      expect(await model()).toMatchObject({ version: former, load: { state: 'ready' } });
      const running = await Promise.all(Array.from({ length: 3 }, () => complete({ stream: true })));
      const version = await pushVersion(id, greedy);
      const next = Promise.all([told(), told(), told()]);
      for (const answer of running) {
        expect(answer.headers.get('x-model-version')).toBe(former);
        expect(await restOf(answer)).toBe(before.text);
      }
      for (const answer of await next) {
        expect(answer.version).toBe(version);
        expect(answer.text).not.toBe(before.text);
      }
      expect(await model()).toMatchObject({ version, load: { state: 'ready' } });
      // Back again.
      await testEnv.MODELS.put(pointerKey(id), formatPointer(former));
      expect(await told()).toEqual(before);
    }
  });

  it('should be loaded beside one whose reader does not read, and get its room when that has ended', async () => {
    await pushVersion(id);
    const { host, told, complete } = freshApp({ megabytes: 60, queueSeconds: 1 });
    const slow = await complete({ stream: true, max_tokens: 200 });
    const former = host.loaded(id)!;
    const alone = former.decoder.kvCache.totalBlocks;
    const version = await pushVersion(id, greedy);
    expect((await told()).version).toBe(version);
    expect(former.decoder.kvCache.totalBlocks).toBeLessThan(alone);
    const { kvCache } = host.loaded(id)!.decoder;
    expect(kvCache.totalBlocks).toBeLessThan(alone);
    expect(await restOf(slow)).not.toBe('');
    // Up to one block may be lost where bytes are cut into blocks.
    await expect.poll(() => kvCache.totalBlocks).toBeGreaterThanOrEqual(alone - 1);
  });

  it('should leave nothing of the former behind', async () => {
    const { host, told } = freshApp({ megabytes: 30 });
    const blocks = new Set<number>();
    for (const changes of [{}, greedy, {}, greedy, {}]) {
      const version = await pushVersion(id, changes);
      expect((await told()).version).toBe(version);
      const model = host.loaded(id)!;
      expect(model.version).toBe(version);
      blocks.add(model.decoder.kvCache.totalBlocks);
    }
    // Each has had all of the isolate's memory.
    expect(blocks.size).toBe(1);
  });

  it('should be noticed when what was read has counted for its time, by one read', async () => {
    const reads: string[] = [];
    const former = await pushVersion(id);
    const { told } = freshApp({ pointerSeconds: 600, get: (key) => reads.push(key) });
    await told();
    const version = await pushVersion(id, greedy);
    reads.length = 0;
    expect((await told()).version).toBe(former);
    expect(reads).toEqual([]);
    const now = Date.now;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 600_001);
    const answers = await Promise.all(Array.from({ length: 8 }, told));
    expect(reads.filter((key) => key === pointerKey(id))).toHaveLength(1);
    expect(answers.map((answer) => answer.version)).toContain(version);
    expect((await told()).version).toBe(version);
    clock.mockRestore();
  });

  it('should take the place of a folder from before there were versions', async () => {
    await seedModel(DEFAULT_MODEL, { id });
    const { told, model } = freshApp();
    const before = await told();
    expect(before.version).toMatch(/^[0-9a-f]{12}$/);
    expect((await model()).version).toBe(before.version);
    const version = await pushVersion(id, greedy);
    expect((await told()).version).toBe(version);
  });

  it('should be loaded in place of one whose files are gone', async () => {
    const { files } = await projectJson<{ files: Record<string, { sha256: string }> }>(`${DEFAULT_MODEL}/manifest.json`);
    const former = await pushVersion(id);
    let version = '';
    const { told } = freshApp({
      pointerSeconds: 60,
      // While the former is being loaded, another is pushed, and the former pruned.
      get: async (key) => {
        if (version !== '' || key !== fileKey(id, files['generation_config.json'].sha256)) return;
        version = await pushVersion(id, greedy);
        await testEnv.MODELS.delete([versionKey(id, former), key]);
      },
    });
    expect((await told()).version).toBe(version);
    expect(version).not.toBe(former);
  });
});

describe('a pointer', () => {
  it('should be done without by whoever knows a version, if it cannot be read', async () => {
    const version = await pushVersion(id);
    let fails = false;
    const { told } = freshApp({
      get: (key) => {
        if (fails && key === pointerKey(id)) throw new Error('R2 is away');
      },
    });
    await told();
    fails = true;
    expect((await told()).version).toBe(version);
    await testEnv.MODELS.delete(pointerKey(id));
    fails = false;
    expect((await told()).version).toBe(version);
    const cold = freshApp({ get: () => Promise.reject(new Error('R2 is away')) });
    expect(await (await cold.complete()).json()).toMatchObject({
      error: { code: 'model_unavailable', message: expect.stringContaining('R2 is away') },
    });
  });

  it.each([
    ['no JSON', 'no'],
    ['no version', '{}'],
    ['a path', '{"version": "../other/versions/x"}'],
    ['a version that is not there', formatPointer('0123456789ab')],
  ])('should be refused with a clear error if it has %s', async (_, text) => {
    await testEnv.MODELS.put(pointerKey(id), text);
    const answer = await freshApp().complete();
    expect(answer.status).toBe(503);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('model_unavailable');
    expect(error.message).toMatch(/current\.json|versions\/0123456789ab\.json is missing/);
  });

  it('should lead to no manifest but the one that it names', async () => {
    const version = await pushVersion(id);
    const other = await pushVersion(id, greedy);
    await testEnv.MODELS.put(versionKey(id, other), await (await testEnv.MODELS.get(versionKey(id, version)))!.arrayBuffer());
    expect(await (await freshApp().complete()).json()).toMatchObject({
      error: { code: 'model_unavailable', message: `The file ${versionKey(id, other)} is damaged: it is the manifest of ${version}.` },
    });
  });
});
