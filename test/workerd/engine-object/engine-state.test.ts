import { SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WireEngine } from '../../../src/api/openai/schemas/engine-schema.ts';
import { EngineObject } from '../../../src/engine-object/engine-object.ts';
import { appOver } from '../api/support.ts';
import { DEFAULT_MODEL, post, seedModel } from '../helpers.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const state = async () => (await (await SELF.fetch('http://localhost/v1/engine')).json()) as WireEngine;

describe('GET /v1/engine', () => {
  it('should list the objects, with their requests and the isolate that they share', async () => {
    const before = await state();
    expect(before).toMatchObject({ object: 'engine', place: 'object' });
    const ids = [0, 1, 2, 3].map((index) => `local/tinystories-gpt2/${index}`);
    expect(before.objects).toEqual(ids.map((id) => ({ id, isolate: expect.stringMatching(/^[-\w]{36}$/), requests: 0, models: [] })));
    const answer = await post('/v1/completions', { prompt: 'Once upon a time', max_tokens: 400, logit_bias: { 0: -100 }, stream: true });
    const [, object] = /object;desc="(.*)"/.exec(answer.headers.get('server-timing')!)!;
    const reader = answer.body!.getReader();
    await reader.read();
    const { objects } = await state();
    expect(objects.filter((other) => 'requests' in other && other.requests === 1)).toMatchObject([{ id: object }]);
    const [{ models }] = objects as { models: object[] }[];
    expect(models).toMatchObject([{ id: 'tinystories-gpt2', running: 1, waiting: 0, prompt_tokens: 4, cached_tokens: 0, hit_rate: 0 }]);
    await reader.cancel();
  });

  it('should count what was found in the cache, and the blocks that are free', async () => {
    const prompt = 'Once upon a time there was a little girl who had a red ball and a blue ball and a dog and a cat and a tree.';
    for (let time = 0; time < 2; time++) await (await post('/v1/completions', { prompt, max_tokens: 1, prompt_cache_key: 'k' })).text();
    await expect.poll(async () => (await state()).objects[0]).toMatchObject({ requests: 0, models: [{ running: 0 }] });
    const [{ models }] = (await state()).objects as { models: { hit_rate: number; blocks: { free: number; total: number } }[] }[];
    expect(models[0].hit_rate).toBeGreaterThan(0.2);
    expect(models[0].blocks.free).toBe(models[0].blocks.total);
  });

  it('should name an object that does not answer', async () => {
    const original = EngineObject.prototype.fetch;
    EngineObject.prototype.fetch = async function (request) {
      const { ctx } = this as unknown as { ctx: DurableObjectState };
      if (ctx.id.name?.endsWith('2')) throw new Error('broken');
      return original.call(this, request);
    };
    const { objects } = await state();
    EngineObject.prototype.fetch = original;
    expect(objects[2]).toMatchObject({ id: 'local/tinystories-gpt2/2', error: { code: 'engine_unavailable' } });
    expect(objects[3]).toMatchObject({ id: 'local/tinystories-gpt2/3', requests: 0 });
  });

  it('should tell of the Worker where the engine runs in it', async () => {
    const app = appOver(true);
    const completion = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"Once","max_tokens":1}' };
    await app.request('http://localhost/v1/completions', completion);
    const { place, objects } = (await (await app.request('http://localhost/v1/engine')).json()) as WireEngine;
    expect(place).toBe('worker');
    expect(objects).toMatchObject([{ id: null, requests: null, models: [{ id: 'tinystories-gpt2', prompt_tokens: 1 }] }]);
  });

  it('should tell nobody else', async () => {
    for (const host of ['edge', 'localhost.example', '127.0.0.1.example', 'gpt-edge.workers.dev']) {
      const answer = await SELF.fetch(`http://${host}/v1/engine`);
      expect([answer.status, ((await answer.json()) as { error: object }).error], host).toMatchObject([401, { code: 'unauthorized' }]);
    }
  });
});
