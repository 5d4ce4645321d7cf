import OpenAI from 'openai';
import { beforeEach, describe, expect, it } from 'vitest';
import type { WireModel, WireModelList } from '../../../src/api/openai/schemas/model-schema.ts';
import { DEFAULT_MODEL, projectFile, projectJson, replaceFile, seedModel, testEnv } from '../helpers.ts';
import { appOver, type Body } from './support.ts';

const IDS = ['damaged', 'tinystories-gpt2'];
const key = (name: string) => `models/damaged/${name}`;

beforeEach(async () => {
  for (const id of IDS) await seedModel(DEFAULT_MODEL, { id });
});

/** The app of a new isolate, in which nothing is loaded yet. */
function freshApp(ids = IDS) {
  const app = appOver(true, undefined, ids);
  const get = async (path: string) => app.request(`http://edge${path}`);
  return {
    app,
    list: async () => (await (await get('/v1/models')).json()) as WireModelList,
    model: async (id: string) => (await (await get(`/v1/models/${id}`)).json()) as WireModel,
    post: (path: string, body: Body) =>
      app.request(`http://edge${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  };
}

describe('a damaged model', () => {
  const damages: [string, code: string, named: string, () => Promise<unknown>][] = [
    ['a manifest that is not JSON', 'model_unavailable', 'manifest.json', () => testEnv.MODELS.put(key('manifest.json'), 'no')],
    [
      'a manifest without its fields',
      'model_unavailable',
      'manifest.json',
      () => testEnv.MODELS.put(key('manifest.json'), '{"format": 1}'),
    ],
    [
      "another model's manifest",
      'model_unavailable',
      'tinystories-gpt2',
      async () => testEnv.MODELS.put(key('manifest.json'), await projectFile(`${DEFAULT_MODEL}/manifest.json`)),
    ],
    ['no graph', 'model_unavailable', 'model.onnx', () => testEnv.MODELS.delete(key('model.onnx'))],
    ['a damaged graph', 'model_unavailable', 'model.onnx', () => testEnv.MODELS.put(key('model.onnx'), 'no')],
  ];

  it.each(damages)('should be listed with what is wrong with it, beside the good ones: %s', async (_, code, named, damage) => {
    await damage();
    const { app, list } = freshApp();
    const { object, data } = await list();
    expect(object).toBe('list');
    expect(data.map(({ id }) => id)).toEqual(IDS);
    expect(data[0]).toEqual({
      id: 'damaged',
      object: 'model',
      created: 0,
      owned_by: 'gpt-edge',
      error: { type: 'server_error', code, param: 'model', message: expect.stringContaining(named) },
    });
    expect(data[1]).toMatchObject({ context_window: 512 });
    expect(data[1].error).toBeUndefined();
    const client = new OpenAI({
      baseURL: 'http://edge/v1',
      apiKey: 'unused',
      maxRetries: 0,
      fetch: async (url, init) => app.request(url as string, init),
    });
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(IDS);
    await expect(client.models.retrieve('damaged')).rejects.toMatchObject({ status: 503, code });
  });

  it('should be described with what is wrong with it once a load has failed, until one succeeds', async () => {
    await testEnv.MODELS.delete(key('model.onnx_data'));
    const { list, model, post } = freshApp();
    expect((await list()).data[0].error).toBeUndefined();
    expect((await post('/tokenize', { model: 'damaged', prompt: 'Hi' })).status).toBe(503);
    const expected = { id: 'damaged', context_window: 512, load: { state: 'cold' } };
    const error = { code: 'model_unavailable', message: expect.stringContaining('model.onnx_data is missing') };
    expect((await list()).data[0]).toMatchObject({ ...expected, error });
    expect(await model('damaged')).toMatchObject({ ...expected, error });
    await seedModel(DEFAULT_MODEL, { id: 'damaged' });
    expect((await post('/tokenize', { model: 'damaged', prompt: 'Hi' })).status).toBe(200);
    expect((await list()).data[0].error).toBeUndefined();
  });
});

describe('a new version that is pushed while the old one serves', () => {
  it('should be described by isolates that load it, and not by one that has the old one', async () => {
    const old = freshApp(['tinystories-gpt2']);
    const answer = async ({ post }: typeof old) =>
      (await (await post('/v1/completions', { prompt: 'Once', max_tokens: 1 })).json()) as { system_fingerprint: string };
    const before = await answer(old);
    const described = await old.model('tinystories-gpt2');

    const manifest = await projectJson<Body>(`${DEFAULT_MODEL}/manifest.json`);
    await testEnv.MODELS.put('models/tinystories-gpt2/manifest.json', JSON.stringify({ ...manifest, license: 'other' }));
    await replaceFile('tinystories-gpt2', 'generation_config.json', '{"temperature": 0.5}');

    expect(await old.model('tinystories-gpt2')).toEqual(described);
    expect((await old.list()).data).toEqual([described]);
    expect(await answer(old)).toMatchObject({ system_fingerprint: before.system_fingerprint });
    const fresh = freshApp(['tinystories-gpt2']);
    expect(await fresh.model('tinystories-gpt2')).toMatchObject({ license: 'other' });
    expect((await answer(fresh)).system_fingerprint).not.toBe(before.system_fingerprint);

    await testEnv.MODELS.delete('models/tinystories-gpt2/manifest.json');
    expect(await old.model('tinystories-gpt2')).toEqual(described);
  });
});
