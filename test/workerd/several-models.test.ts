import { waitUntil } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import { createApp } from '../../src/api/app.ts';
import type { WireModel, WireModelList } from '../../src/api/openai/schemas/model-schema.ts';
import { IsolateModels } from '../../src/worker/isolate-models.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from './helpers.ts';

const IDS = ['first', 'second', 'third'];
const PROMPT = { prompt: 'Once upon a time', temperature: 0, logit_bias: { 0: -100 } };

/** The app of a new isolate, in which nothing is loaded yet. */
function appWithin(memoryLimitMegabytes: number, queueSeconds = 0) {
  const engineOf = () => ({ engine: 'edge', cacheFormat: 'f32', contextWindow: 512 }) as const;
  const options = {
    bucket: testEnv.MODELS,
    ids: IDS,
    engineOf,
    kernels,
    memoryLimitMegabytes,
    scheduling: { queueSeconds },
    keepAlive: waitUntil,
  };
  const app = createApp({ host: new IsolateModels(options), isPublic: true, log: () => {} });
  const post = async (path: string, body: object) =>
    app.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return {
    complete: (model: string, rest: object = {}) => post('/v1/completions', { model, ...PROMPT, max_tokens: 4, ...rest }),
    models: async () => ((await (await app.request('/v1/models')).json()) as WireModelList).data as WireModel[],
    states: async () => ((await (await app.request('/v1/models')).json()) as { data: WireModel[] }).data.map(({ load }) => load.state),
  };
}

/** Reads a stream to its end. @returns the text */
async function restOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  let text = '';
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) text += new TextDecoder().decode(value);
  return text;
}

describe('several models in one isolate', () => {
  let one: number;
  let two: number;
  beforeAll(async () => {
    for (const id of IDS) await seedModel(DEFAULT_MODEL, { id });
    const [{ memory }] = await appWithin(128).models();
    one = memory.total_bytes / 1e6;
    // The heap is there once.
    two = (2 * memory.total_bytes - memory.parts.find(({ name }) => name === 'heap')!.bytes) / 1e6;
  });

  it('should stay loaded as long as they fit together', async () => {
    const { complete, states } = appWithin(two);
    for (const id of ['first', 'second', 'first']) expect((await complete(id)).status).toBe(200);
    expect(await states()).toEqual(['ready', 'ready', 'cold']);
  });

  it('should make room for one another, the one that was used least recently first', async () => {
    const { complete, states } = appWithin(two);
    for (const id of ['first', 'second', 'first', 'third']) expect((await complete(id)).status).toBe(200);
    expect(await states()).toEqual(['ready', 'cold', 'ready']);
    expect((await complete('second')).status).toBe(200);
    expect(await states()).toEqual(['cold', 'ready', 'ready']);
  });

  it('should answer as if they were alone', async () => {
    const { complete } = appWithin(one);
    const texts: string[] = [];
    for (const id of ['first', 'second', 'first', 'third', 'first']) {
      const { choices } = (await (await complete(id, { max_tokens: 20 })).json()) as { choices: { text: string }[] };
      texts.push(choices[0].text);
    }
    expect(new Set(texts).size).toBe(1);
  });

  it('should be kept while requests use them: another is refused for now, and loaded afterwards', async () => {
    const { complete, states, models } = appWithin(one);
    const stream = await complete('first', { max_tokens: 300, stream: true });
    const reader = stream.body!.getReader();
    await reader.read();
    const refused = await complete('second');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('overloaded');
    expect(error.message).toMatch(/^second needs [\d.]+ MB, and of the [\d.]+ MB of this isolate first hold too much while they answer/);
    expect(await states()).toEqual(['ready', 'cold', 'cold']);
    // That it had to wait is not a fault of the model.
    expect((await models())[1].error).toBeUndefined();
    expect(await restOf(reader)).toMatch(/\[DONE\]\n\n$/);
    expect((await complete('second')).status).toBe(200);
    expect(await states()).toEqual(['cold', 'ready', 'cold']);
  });

  it('should be waited for, when the others soon end', async () => {
    const { complete, states } = appWithin(one, 60);
    const stream = await complete('first', { max_tokens: 200, stream: true });
    const reader = stream.body!.getReader();
    await reader.read();
    const waiting = [complete('second'), complete('second')];
    expect(await restOf(reader)).toMatch(/\[DONE\]\n\n$/);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    expect(await states()).toEqual(['cold', 'ready', 'cold']);
  });

  it('should be given up by a reader that leaves', async () => {
    const { complete, states } = appWithin(one);
    const stream = await complete('first', { max_tokens: 400, stream: true });
    const reader = stream.body!.getReader();
    await reader.read();
    await reader.cancel();
    // The generation notices it at its next turn.
    await expect.poll(async () => (await complete('second')).status, { timeout: 10_000 }).toBe(200);
    expect(await states()).toEqual(['cold', 'ready', 'cold']);
  });

  it('should give back their room when their load fails', async () => {
    await seedModel(DEFAULT_MODEL, { id: 'third' });
    const weights = await testEnv.MODELS.get('models/third/model.onnx_data');
    await testEnv.MODELS.delete('models/third/model.onnx_data');
    const { complete, states } = appWithin(one);
    expect((await complete('third')).status).toBe(503);
    expect((await complete('first')).status).toBe(200);
    expect(await states()).toEqual(['ready', 'cold', 'cold']);
    await testEnv.MODELS.put('models/third/model.onnx_data', await weights!.arrayBuffer());
    expect((await complete('third')).status).toBe(200);
    expect(await states()).toEqual(['cold', 'cold', 'ready']);
  });
});
