import { waitUntil } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import { createApp } from '../../src/api/app.ts';
import type { WireModel, WireModelList } from '../../src/api/openai/schemas/model-schema.ts';
import { adapterFiles } from '../../src/core/folder/adapter-files.ts';
import type { Manifest } from '../../src/core/folder/manifest.ts';
import type { EngineChoice } from '../../src/runtime/engine-choice.ts';
import { IsolateModels } from '../../src/worker/isolate-models.ts';
import { DEFAULT_MODEL, projectFile, readEvents, seedModel, testEnv } from './helpers.ts';

const BASE = 'tinystories-gpt2';
const FAIRYTALE = `${BASE}:fairytale`;
const PROMPT = { prompt: 'One day, a boy found', max_tokens: 40, temperature: 0 };

interface Answer {
  readonly model: string;
  readonly system_fingerprint: string;
  readonly choices: readonly { readonly text: string }[];
  readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } };
}

/** The app of a new isolate, in which nothing is loaded yet. */
function newApp({ ids = [BASE], engine = 'edge' }: { ids?: readonly string[]; engine?: EngineChoice['engine'] } = {}) {
  const engineOf = () => ({ engine, cacheFormat: 'f32' }) as const;
  const scheduling = { queueSeconds: 1 };
  const host = new IsolateModels({
    bucket: testEnv.MODELS,
    ids,
    engineOf,
    kernels,
    scheduling,
    memoryLimitMegabytes: 128,
    keepAlive: waitUntil,
  });
  const app = createApp({ host, isPublic: true, log: () => {} });
  const post = async (path: string, body: object) =>
    app.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return {
    post,
    complete: async (model: string | undefined, rest: object = {}) =>
      (await (await post('/v1/completions', { model, ...PROMPT, ...rest })).json()) as Answer,
    models: async () => ((await (await app.request('/v1/models')).json()) as WireModelList).data as WireModel[],
    model: async (id: string) => app.request(`/v1/models/${encodeURIComponent(id)}`),
  };
}

/** Copies the adapter of the default model under other names. */
async function addAdapters(names: readonly string[]): Promise<void> {
  const key = `models/${BASE}/manifest.json`;
  const manifest = (await (await testEnv.MODELS.get(key))!.json()) as Manifest;
  const from = adapterFiles('fairytale')!;
  for (const name of names)
    for (const part of ['manifest', 'weights'] as const) {
      const file = adapterFiles(name)![part];
      await testEnv.MODELS.put(`models/${BASE}/${file}`, await projectFile(`${DEFAULT_MODEL}/${from[part]}`));
      manifest.files[file] = manifest.files[from[part]];
    }
  await testEnv.MODELS.put(key, JSON.stringify(manifest));
}

describe('a model with an adapter', () => {
  let manifest: Manifest;
  beforeAll(async () => {
    manifest = await seedModel(DEFAULT_MODEL, { withAdapters: true });
  });

  it('should have embeddings and scores of its own, the same beside those of its base', async () => {
    const models = [BASE, FAIRYTALE];
    const embedded = async ({ post }: ReturnType<typeof newApp>, model: string) =>
      (await post('/v1/embeddings', { model, input: PROMPT.prompt })).json();
    const scored = async ({ complete }: ReturnType<typeof newApp>, model: string) =>
      (await complete(model, { max_tokens: 0, prompt_logprobs: 1 })).choices;
    const together = newApp();
    const answers = await Promise.all(models.flatMap((model) => [embedded(together, model), scored(together, model)]));
    const again = await Promise.all(models.flatMap((model) => [embedded(together, model), scored(together, model)]));
    expect(again).toEqual(answers);
    for (const [index, model] of models.entries())
      expect([await embedded(newApp(), model), await scored(newApp(), model)]).toEqual(answers.slice(2 * index, 2 * index + 2));
    const [[base], [variant]] = [answers[0], answers[2]].map((answer) => (answer as { data: unknown[] }).data);
    expect(variant).not.toEqual(base);
    expect(answers[3]).not.toEqual(answers[1]);
  });

  it('should be listed with its parent and its size, and be loaded when it is asked for', async () => {
    const { models, model, complete } = newApp();
    const [base, variant, ...others] = await models();
    expect(others).toEqual([]);
    const files = Object.values(adapterFiles('fairytale')!);
    const bytes = files.reduce((sum, file) => sum + manifest.files[file].bytes, 0);
    expect(variant).toMatchObject({
      id: FAIRYTALE,
      parent: BASE,
      bytes,
      adapter: { name: 'fairytale', rank: 8, parameters: 196_608, dtype: 'q8' },
    });
    expect(variant.parameters).toBe(base.parameters + 196_608);
    expect(variant.memory).toEqual(base.memory);
    expect(variant.memory.parts).toContainEqual({ name: 'one adapter', bytes: manifest.files[files[1]].bytes });
    expect(base).toMatchObject({ id: BASE, parent: null, adapter: null });
    const states = async () => (await models()).map(({ load }) => load.state);
    expect(await states()).toEqual(['cold', 'cold']);
    await complete(BASE);
    expect(await states()).toEqual(['ready', 'cold']);
    await complete(FAIRYTALE);
    expect(await states()).toEqual(['ready', 'ready']);
    expect(await (await model(FAIRYTALE)).json()).toMatchObject({ id: FAIRYTALE, load: { state: 'ready' } });
  });

  it('should tell another story than its parent, with a fingerprint of its own, and share nothing that was computed', async () => {
    const { complete } = newApp();
    const [base, variant] = [await complete(BASE), await complete(FAIRYTALE)];
    expect([base.model, variant.model]).toEqual([BASE, FAIRYTALE]);
    expect(variant.choices[0].text).not.toBe(base.choices[0].text);
    expect(variant.system_fingerprint).not.toBe(base.system_fingerprint);
    expect(variant.usage.prompt_tokens_details.cached_tokens).toBe(0);
    const again = await complete(FAIRYTALE);
    expect(again.choices).toEqual(variant.choices);
    expect(again.usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(0);
  });

  it('should answer alike alone and beside others, streamed or not', async () => {
    await addAdapters(['copy']);
    const alone = newApp();
    const ids = [BASE, FAIRYTALE, `${BASE}:copy`, FAIRYTALE, BASE];
    const prompts = ids.map((_, index) => `${'Once upon a time, there was a '}${['frog', 'king', 'dragon', 'witch', 'dog'][index]}`);
    const expected: string[] = [];
    for (const [index, id] of ids.entries()) expected.push((await alone.complete(id, { prompt: prompts[index] })).choices[0].text);
    const together = newApp();
    const texts = await Promise.all(
      ids.map(async (model, index) => {
        if (index % 2 === 0) return (await together.complete(model, { prompt: prompts[index] })).choices[0].text;
        const events = await readEvents(await together.post('/v1/completions', { model, ...PROMPT, prompt: prompts[index], stream: true }));
        return events
          .slice(0, -1)
          .map((event) => (JSON.parse(event) as Answer).choices[0]?.text ?? '')
          .join('');
      }),
    );
    expect(texts).toEqual(expected);
    expect(expected[2]).not.toBe(expected[1]);
    const next = await together.post('/v1/next-token', { model: FAIRYTALE, prompt: 'One day, a boy found' });
    const base = await together.post('/v1/next-token', { model: BASE, prompt: 'One day, a boy found' });
    expect(((await next.json()) as { tokens: unknown }).tokens).not.toEqual(((await base.json()) as { tokens: unknown }).tokens);
  });

  it('should be the only one that is served, and the default, if MODEL_IDS names it alone', async () => {
    const { models, complete, post } = newApp({ ids: [FAIRYTALE] });
    expect((await models()).map(({ id }) => id)).toEqual([FAIRYTALE]);
    expect((await complete(undefined)).model).toBe(FAIRYTALE);
    expect((await post('/v1/completions', { model: BASE, ...PROMPT })).status).toBe(404);
  });

  it('should be refused by name if there is none of that name, or the engine applies none', async () => {
    const { post, model } = newApp();
    const refused = await post('/v1/completions', { model: `${BASE}:other`, ...PROMPT });
    expect(refused.status).toBe(404);
    expect(await refused.text()).toContain('has no adapter \\"other\\". It has copy, fairytale.');
    expect((await model(`${BASE}:other`)).status).toBe(404);
    const ort = newApp({ engine: 'ort' });
    expect((await ort.models()).map(({ id }) => id)).toEqual([BASE]);
    const unsupported = await ort.post('/v1/completions', { model: FAIRYTALE, ...PROMPT });
    expect(await unsupported.text()).toContain('runs on onnxruntime-web, which applies no adapters');
  });

  it('should be unavailable, and leave its parent alone, if its file is damaged', async () => {
    const file = adapterFiles('copy')!.weights;
    await testEnv.MODELS.put(`models/${BASE}/${file}`, new Uint8Array(manifest.files[adapterFiles('fairytale')!.weights].bytes));
    const { post, complete } = newApp();
    const damaged = await post('/v1/completions', { model: `${BASE}:copy`, ...PROMPT });
    expect(damaged.status).toBe(503);
    expect(await damaged.text()).toContain(`${file} is damaged`);
    expect((await complete(BASE)).choices[0].text).not.toBe('');
    await addAdapters(['copy']);
    expect((await complete(`${BASE}:copy`)).choices[0].text).not.toBe('');
  });
});
