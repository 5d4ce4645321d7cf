import { SELF } from 'cloudflare:test';
import { waitUntil } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import kernels from '../../../dist/kernels/relaxed.wasm';
import { createApp } from '../../../src/api/app.ts';
import type { WireReady } from '../../../src/api/openai/schemas/ready-schema.ts';
import { fileKey, pointerKey } from '../../../src/core/folder/stored-model.ts';
import { IsolateModels } from '../../../src/worker/isolate-models.ts';
import { accessApp, OPERATOR_KEY } from '../access/access-app.ts';
import { DEFAULT_MODEL, post, projectJson, pushVersion, seedModel, testEnv } from '../helpers.ts';

const GOOD = 'good-model';
let id: string;
let count = 0;
beforeAll(() => pushVersion(GOOD));
beforeEach(() => {
  id = `ready-${count++}`;
});

/** The app of a new isolate, and what it has asked of R2. */
function freshApp(megabytes = 128) {
  const asked: string[] = [];
  const bucket = new Proxy(testEnv.MODELS, {
    get(target, name) {
      const value = Reflect.get(target, name).bind(target);
      return (key: string, ...rest: unknown[]) => {
        asked.push(key);
        return value(key, ...rest);
      };
    },
  });
  const engineOf = () => ({ engine: 'auto', cacheFormat: 'auto' }) as const;
  const host = new IsolateModels({ bucket, ids: [GOOD, id], engineOf, kernels, memoryLimitMegabytes: megabytes, keepAlive: waitUntil });
  const app = createApp({ host, isPublic: true, log: () => {} });
  const ready = async () => {
    const answer = await app.request('/ready');
    return { status: answer.status, body: (await answer.json()) as WireReady };
  };
  return { asked, ready, host };
}

const weightsOf = async () => {
  const { files } = await projectJson<{ files: Record<string, { sha256: string }> }>(`${DEFAULT_MODEL}/manifest.json`);
  return files['model.onnx_data'].sha256;
};

describe('GET /ready', () => {
  it('should say from the first answer on that models can be loaded, and later that they are', async () => {
    const version = await pushVersion(id);
    const { asked, ready, host } = freshApp();
    const loadable = { state: 'loadable', version };
    expect(await ready()).toEqual({
      status: 200,
      body: {
        status: 'ready',
        models: [
          { ...loadable, id: GOOD, version: expect.any(String) },
          { ...loadable, id },
        ],
      },
    });
    // A flood of calls asks R2 no more than one does.
    const before = asked.length;
    for (const answer of await Promise.all(Array.from({ length: 50 }, ready))) expect(answer.status).toBe(200);
    expect(asked).toHaveLength(before);
    await host.get(id);
    expect(await host.readiness(id)).toEqual({ state: 'ready', version });
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['is not in the bucket', 'model_not_found', async () => {}],
    ['has a damaged pointer', 'model_unavailable', () => testEnv.MODELS.put(pointerKey(id), 'no')],
    ['lacks its weights', 'model_unavailable', async () => testEnv.MODELS.delete(fileKey(id, await weightsOf()))],
    ['has weights of another size', 'model_unavailable', async () => testEnv.MODELS.put(fileKey(id, await weightsOf()), 'no')],
  ])('should answer 503 with the reason if a model %s', async (_, code, damage) => {
    if (code === 'model_unavailable') await pushVersion(id);
    await damage();
    const { status, body } = await freshApp().ready();
    expect({ status, told: body.status }).toEqual({ status: 503, told: 'not_ready' });
    expect(body.models).toMatchObject([
      { id: GOOD, state: 'loadable' },
      { id, state: 'failed', error: { code, message: expect.any(String) } },
    ]);
  });

  it('should answer 503 if a model needs more memory than there is, or has failed when it was loaded', async () => {
    await pushVersion(id);
    expect((await freshApp(15).ready()).body.models).toMatchObject([{ error: { code: 'memory_limit_exceeded' } }, { state: 'failed' }]);
    const bytes = (await testEnv.MODELS.head(fileKey(id, await weightsOf())))!.size;
    await testEnv.MODELS.put(fileKey(id, await weightsOf()), new Uint8Array(bytes));
    const { host, ready } = freshApp();
    expect((await host.readiness(id)).state).toBe('loadable');
    await expect(host.get(id)).rejects.toThrow('is damaged');
    const { status, body } = await ready();
    expect(status).toBe(503);
    expect(body.models?.[1]).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('model.onnx_data') } });
  });

  it('should tell of the models to the operator, and to everyone only where everyone may see them', async () => {
    await seedModel(DEFAULT_MODEL);
    const closed = accessApp({ PUBLIC: 'false' });
    const ask = async (key?: string) => (await closed.fetch('/ready', { key })).json();
    expect(await ask()).toEqual({ status: 'ready' });
    expect(await ask('sk-wrong')).toEqual({ status: 'ready' });
    expect(await ask(OPERATOR_KEY)).toMatchObject({ status: 'ready', models: [{ id: 'tinystories-gpt2', state: 'loadable' }] });
    const open = accessApp({ PUBLIC: 'true' });
    expect(await (await open.fetch('/ready')).json()).toMatchObject({ models: [{ id: 'tinystories-gpt2' }] });
    expect((await open.fetch('/ready', { method: 'HEAD' })).status).toBe(200);
  });

  it('should ask the engine objects what has become of their models', async () => {
    await seedModel(DEFAULT_MODEL);
    expect((await post('/v1/completions', { prompt: 'Once', max_tokens: 1 })).status).toBe(200);
    const answer = await SELF.fetch('http://edge/ready');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: 'ready', models: [{ id: 'tinystories-gpt2', state: 'ready' }] });
  });
});
