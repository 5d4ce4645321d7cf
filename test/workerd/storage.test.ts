import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import { createApp } from '../../src/api/app.ts';
import { CHUNK_BYTES, type Manifest } from '../../src/core/folder/manifest.ts';
import { PIECE_BYTES } from '../../src/core/folder/model-files.ts';
import { pointerKey } from '../../src/core/folder/stored-model.ts';
import type { EngineChoice } from '../../src/runtime/engine-choice.ts';
import { R2ModelFiles } from '../../src/storage/r2-model-files.ts';
import { sha256 } from '../../src/storage/sha256.ts';
import { IsolateModels } from '../../src/worker/isolate-models.ts';
import { DEFAULT_MODEL, projectFile, projectJson, replaceFile, seedModel, testEnv } from './helpers.ts';

const ID = 'tinystories-gpt2';
const WEIGHTS = `models/${ID}/model.onnx_data`;

interface FreshOptions {
  ids?: string[];
  memoryLimitMegabytes?: number;
  choice?: EngineChoice;
}

const AUTO: EngineChoice = { engine: 'auto', cacheFormat: 'auto' };

/** Makes the app of a new isolate, in which nothing is loaded yet. */
function freshApp(bucket: R2Bucket, { ids = [ID], memoryLimitMegabytes = 128, choice = AUTO }: FreshOptions = {}) {
  const host = new IsolateModels({ bucket, ids, engineOf: () => choice, kernels, memoryLimitMegabytes, keepAlive: () => {} });
  const app = createApp({ host, isPublic: true });
  return (path: string, body?: object) =>
    app.request(path, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** The real bucket, which calls `onGet` for each `get`. Miniflare itself offers no way to watch R2. */
function watched(onGet: (key: string, options?: R2GetOptions) => void): R2Bucket {
  return new Proxy(testEnv.MODELS, {
    get(bucket, name) {
      if (name !== 'get') return Reflect.get(bucket, name).bind(bucket);
      return (key: string, options?: R2GetOptions) => {
        onGet(key, options);
        return options ? bucket.get(key, options) : bucket.get(key);
      };
    },
  });
}

async function errorOf(answer: Response) {
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  return { status: answer.status, code: error.code, message: error.message };
}

describe('a model in R2', () => {
  let weights: ArrayBuffer;
  beforeAll(async () => {
    weights = await projectFile(`${DEFAULT_MODEL}/model.onnx_data`);
  });
  beforeEach(async () => {
    await seedModel(DEFAULT_MODEL);
  });

  it('should be read in ranges of one chunk, and be complete', async () => {
    const ranges: R2Range[] = [];
    let told = 0;
    const files = await R2ModelFiles.open(
      watched((key, options) => key === WEIGHTS && ranges.push(options!.range as R2Range)),
      ID,
      {
        onBytes: (count) => {
          told += count;
        },
      },
    );
    const read = await files.read('model.onnx_data');
    expect(await sha256(read)).toBe(files.manifest.files['model.onnx_data'].sha256);
    expect(told).toBe(weights.byteLength);
    const expected = Array.from({ length: Math.ceil(weights.byteLength / CHUNK_BYTES) }, (_, index) => index * CHUNK_BYTES);
    expect(ranges.map((range) => (range as { offset: number }).offset)).toEqual(expected);
  });

  it('should be streamed in order through two buffers, with at most one chunk asked for ahead', async () => {
    let reads = 0;
    const files = await R2ModelFiles.open(
      watched((key) => {
        if (key === WEIGHTS) reads++;
      }),
      ID,
    );
    let position = 0;
    for await (const piece of files.stream('model.onnx_data')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(piece.length).toBeLessThanOrEqual(PIECE_BYTES);
      expect(reads).toBeLessThanOrEqual(Math.floor(position / CHUNK_BYTES) + 2);
      expect(await sha256(piece)).toBe(await sha256(new Uint8Array(weights, position, piece.length)));
      position += piece.length;
    }
    expect([position, reads]).toEqual([weights.byteLength, Math.ceil(weights.byteLength / CHUNK_BYTES)]);
  });

  it('should be loaded once, however many requests ask for it at the same time', async () => {
    const reads: string[] = [];
    const ask = freshApp(
      watched((key, options) => {
        // Each of the first requests asks for itself which version is current.
        if (key !== pointerKey(ID)) reads.push(`${key} ${(options?.range as { offset: number } | undefined)?.offset ?? 0}`);
      }),
    );
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ask('/v1/completions', { prompt: 'Once', max_tokens: 1, seed: index })),
    );
    expect(answers.map(({ status }) => status)).toEqual(new Array(20).fill(200));
    expect(new Set(reads).size).toBe(reads.length);
    await ask('/v1/completions', { prompt: 'Once', max_tokens: 1 });
    expect(new Set(reads).size).toBe(reads.length);
  });

  it('should show how much of it is loaded', async () => {
    const ask = freshApp(testEnv.MODELS);
    const load = async () =>
      ((await (await ask(`/v1/models/${ID}`)).json()) as { load: { state: string; loaded_bytes: number; total_bytes: number } }).load;
    expect(await load()).toMatchObject({ state: 'cold', loaded_bytes: 0 });
    const answer = ask('/v1/completions', { prompt: 'Once', max_tokens: 1 });
    expect((await load()).state).toBe('loading');
    await answer;
    const { state, loaded_bytes, total_bytes } = await load();
    expect(state).toBe('ready');
    expect(loaded_bytes).toBe(total_bytes);
  });

  it('should answer 404 for a model that is not served, and for one that is not in the bucket', async () => {
    const ask = freshApp(testEnv.MODELS, { ids: [ID, 'absent'] });
    expect(await errorOf(await ask('/v1/completions', { model: 'other' }))).toMatchObject({ status: 404, code: 'model_not_found' });
    expect(await errorOf(await ask('/v1/completions', { model: 'absent' }))).toMatchObject({ status: 404, code: 'model_not_found' });
    const { data } = (await (await ask('/v1/models')).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual([ID]);
  });

  const damages: [string, string, () => Promise<unknown>][] = [
    ['is missing', WEIGHTS, () => testEnv.MODELS.delete(WEIGHTS)],
    ['is cut short', WEIGHTS, () => testEnv.MODELS.put(WEIGHTS, weights.slice(0, CHUNK_BYTES + 1))],
    ['is cut within its first chunk', WEIGHTS, () => testEnv.MODELS.put(WEIGHTS, weights.slice(0, 1))],
    ['is too long', WEIGHTS, () => testEnv.MODELS.put(WEIGHTS, new Blob([weights, 'x']))],
    [
      'has one bit changed in its second chunk',
      WEIGHTS,
      () => {
        const changed = new Uint8Array(weights.slice(0));
        changed[CHUNK_BYTES + 5] ^= 1;
        return testEnv.MODELS.put(WEIGHTS, changed);
      },
    ],
    ['is another file', `models/${ID}/tokenizer.json`, () => testEnv.MODELS.put(`models/${ID}/tokenizer.json`, '{}')],
    ['is missing', `models/${ID}/model.onnx`, () => testEnv.MODELS.delete(`models/${ID}/model.onnx`)],
    ['is not JSON', `models/${ID}/manifest.json`, () => testEnv.MODELS.put(`models/${ID}/manifest.json`, 'no')],
    ['lacks a field', `models/${ID}/manifest.json`, () => testEnv.MODELS.put(`models/${ID}/manifest.json`, '{"format": 1}')],
    [
      "is another model's",
      `models/${ID}/manifest.json`,
      async () => {
        const manifest = (await (await testEnv.MODELS.get(`models/${ID}/manifest.json`))!.json()) as Manifest;
        await testEnv.MODELS.put(`models/${ID}/manifest.json`, JSON.stringify({ ...manifest, id: 'other' }));
      },
    ],
  ];

  it.each(damages)('should answer 503 when a file %s, naming it: %s', async (_, key, damage) => {
    const ask = freshApp(testEnv.MODELS);
    await damage();
    const error = await errorOf(await ask('/v1/completions', { prompt: 'Once', max_tokens: 1 }));
    expect(error).toMatchObject({ status: 503, code: 'model_unavailable' });
    expect(error.message).toContain(key);
  });

  it('should try again after a failed load', async () => {
    const ask = freshApp(testEnv.MODELS);
    await testEnv.MODELS.delete(WEIGHTS);
    const answers = await Promise.all([1, 2, 3].map((seed) => ask('/v1/completions', { prompt: 'Once', max_tokens: 1, seed })));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    await testEnv.MODELS.put(WEIGHTS, weights);
    expect((await ask('/v1/completions', { prompt: 'Once', max_tokens: 1 })).status).toBe(200);
  });

  it('should have a system_fingerprint that changes with what its answers depend on, and with nothing else', async () => {
    const fingerprint = async () => {
      const answer = await freshApp(testEnv.MODELS)('/v1/completions', { prompt: 'Once', max_tokens: 1 });
      return ((await answer.json()) as { system_fingerprint: string }).system_fingerprint;
    };
    const before = await fingerprint();
    expect(before).toMatch(/^fp_[0-9a-f]{12}_edge-f32$/);
    await replaceFile(ID, 'README.md', 'another card');
    expect(await fingerprint()).toBe(before);
    await replaceFile(ID, 'generation_config.json', '{"temperature": 0.5}');
    expect(await fingerprint()).not.toBe(before);
  });

  it('should refuse a model that needs more memory than the limit, and name the sum', async () => {
    const choice: EngineChoice = { engine: 'ort', cacheFormat: 'auto' };
    const { files, kvBytesPerToken, vocabularySize } = await projectJson<Manifest>(`${DEFAULT_MODEL}/manifest.json`);
    // Fewer positions would be of no use.
    const contextWindow = 256;
    // onnxruntime-web itself takes 16 MB, the weights are held twice, and tokenizer.json takes 1.9 times its bytes of heap.
    const tokenizer = 1.9 * files['tokenizer.json'].bytes + 2e5;
    const masks = 17 * vocabularySize + 2 ** 18;
    const bytes = [16e6, 2 * files['model.onnx_data'].bytes, tokenizer, masks, kvBytesPerToken * contextWindow];
    const total = bytes.reduce((sum, part) => sum + part, 0);
    const needed = Math.ceil(total / 1e6);
    const ask = (memoryLimitMegabytes: number) =>
      freshApp(testEnv.MODELS, { choice, memoryLimitMegabytes })('/v1/completions', { prompt: 'Once' });
    const error = await errorOf(await ask(needed - 1));
    expect(error).toMatchObject({ status: 503, code: 'memory_limit_exceeded' });
    const parts = ['engine', 'weights', 'tokenizer', 'masks', `KV cache of ${contextWindow} tokens`];
    const rest = `That is over the limit of ${needed - 1} MB (MEMORY_LIMIT_MB). Fewer bits (--dtype) make it smaller.`;
    expect(error.message.replaceAll(/\d+\.\d MB/g, '# MB')).toBe(
      `${ID} needs # MB: ${parts.map((name) => `${name} # MB`).join(', ')}. ${rest}`,
    );
    const [stated, ...figures] = Array.from(error.message.matchAll(/(\d+\.\d) MB/g), ([, figure]) => Number(figure));
    expect(stated).toBe(Math.ceil(total / 1e5) / 10);
    expect(figures.reduce((sum, figure) => sum + figure, 0)).toBeCloseTo(stated, 6);
    for (const [index, figure] of figures.entries()) expect(Math.abs(figure - bytes[index] / 1e6)).toBeLessThan(0.1001);
    expect((await ask(needed)).status).toBe(200);
  });

  it('should answer 503 for a graph that the engine refuses', async () => {
    await replaceFile(ID, 'model.onnx', 'no graph at all');
    expect(await errorOf(await freshApp(testEnv.MODELS)('/v1/completions', {}))).toMatchObject({ status: 503, code: 'unsupported_model' });
  });
});
