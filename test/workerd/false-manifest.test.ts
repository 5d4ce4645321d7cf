import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import { createApp } from '../../src/api/app.ts';
import type { Manifest } from '../../src/core/folder/manifest.ts';
import type { EngineChoice } from '../../src/runtime/engine-choice.ts';
import { IsolateModels } from '../../src/worker/isolate-models.ts';
import { DEFAULT_MODEL, projectFile, projectJson, replaceFile, seedModel, testEnv } from './helpers.ts';

const ID = 'tinystories-gpt2';
const KEY = `models/${ID}/manifest.json`;
const ENGINES: EngineChoice['engine'][] = ['auto', 'edge', 'ort'];

/** Completes a prompt in a new isolate, in which nothing is loaded yet. */
async function complete(engine: EngineChoice['engine']) {
  const choice: EngineChoice = { engine, cacheFormat: 'auto' };
  const options = { kernels, memoryLimitMegabytes: 512, keepAlive: () => {} };
  const host = new IsolateModels({ bucket: testEnv.MODELS, ids: [ID], engineOf: () => choice, ...options });
  const answer = await createApp({ host, isPublic: true }).request('/v1/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'Once', max_tokens: 1 }),
  });
  const { error } = (await answer.json()) as { error?: { code: string; message: string } };
  return { status: answer.status, code: error?.code, message: error?.message };
}

const without = (name: string, files: Manifest['files']) => Object.fromEntries(Object.entries(files).filter(([other]) => other !== name));
const withFile = (manifest: Manifest, name: string, change: object) => ({
  files: { ...manifest.files, [name]: { ...manifest.files[name], ...change } },
});
const ONE = '1'.repeat(64);

/** For each field of the manifest, changes that make it false, and what the error has to name. */
const FALSE: Record<keyof Manifest, ((manifest: Manifest) => { change: object; message: string })[]> = {
  format: [() => ({ change: { format: 2 }, message: 'format' })],
  id: [() => ({ change: { id: 'other' }, message: 'belongs to the model other' })],
  architecture: [() => ({ change: { architecture: 'llama' }, message: 'architecture is "llama", and by config.json it is "gpt2"' })],
  dtype: ['q4', 'fp32', 'fp16'].map((dtype) => () => ({ change: { dtype }, message: `dtype is "${dtype}", and by model.onnx it is "q8"` })),
  tablesDtype: [() => ({ change: { tablesDtype: 'q4' }, message: 'tablesDtype is "q4", and by model.onnx it is "q8"' })],
  parameters: [1, -1].map((by) => ({ parameters }) => ({
    change: { parameters: parameters + by },
    message: `parameters is ${parameters + by}, and by model.onnx it is ${parameters}`,
  })),
  contextWindow: [-1, 1, 512].map((by) => () => ({
    change: { contextWindow: 512 + by },
    message: `contextWindow is ${512 + by}, and by config.json it is 512`,
  })),
  vocabularySize: [4095, 4097, 8192].map((size) => () => ({
    change: { vocabularySize: size },
    message: `vocabularySize is ${size}, and by model.onnx it is 4096`,
  })),
  layers: [5, 7].map((layers) => () => ({ change: { layers }, message: `layers is ${layers}, and by model.onnx it is 6` })),
  hiddenSize: [() => ({ change: { hiddenSize: 128 }, message: 'hiddenSize is 128, and by config.json it is 256' })],
  heads: [() => ({ change: { heads: 8 }, message: 'heads is 8, and by model.onnx it is 4' })],
  keyValueHeads: [() => ({ change: { keyValueHeads: 2 }, message: 'keyValueHeads is 2, and by model.onnx it is 4' })],
  headDimension: [() => ({ change: { headDimension: 32 }, message: 'headDimension is 32, and by model.onnx it is 64' })],
  eosTokenIds: [[1], [], [0, 1]].map((ids) => () => ({
    change: { eosTokenIds: ids },
    message: `eosTokenIds is ${JSON.stringify(ids)}, and by generation_config.json and config.json it is [0]`,
  })),
  bosTokenId: [1, null].map((id) => () => ({
    change: { bosTokenId: id },
    message: `bosTokenId is ${id}, and by generation_config.json and config.json it is 0`,
  })),
  kvBytesPerToken: [
    () => ({
      change: { kvBytesPerToken: 12287 },
      message: 'kvBytesPerToken is 12287, and by layers, keyValueHeads and headDimension it is 12288',
    }),
  ],
  multiplyAddsPerToken: [
    () => ({ change: { multiplyAddsPerToken: 1 }, message: 'multiplyAddsPerToken is 1, and by model.onnx it is 5767168' }),
  ],
  // How embeddings are made and which tags stand around thinking are choices, and what a license or a source is called is not written anywhere that a Worker
  // reads.
  pooling: [],
  thinkTags: [],
  license: [],
  source: [],
  files: [
    (manifest) => ({ change: withFile(manifest, 'tokenizer.json', { bytes: 1 }), message: 'tokenizer.json has' }),
    (manifest) => ({ change: withFile(manifest, 'tokenizer.json', { sha256: ONE }), message: 'tokenizer.json has the SHA-256' }),
    (manifest) => ({ change: withFile(manifest, 'config.json', { sha256: ONE }), message: 'config.json has the SHA-256' }),
    (manifest) => ({ change: withFile(manifest, 'model.onnx_data', { sha256: ONE }), message: 'model.onnx_data has the SHA-256' }),
    (manifest) => ({ change: withFile(manifest, 'model.onnx_data', { chunks: [ONE, ONE] }), message: 'SHA-256 differs in bytes' }),
    (manifest) => ({ change: withFile(manifest, 'model.onnx_data', { chunks: [ONE] }), message: 'files.model.onnx_data.chunks' }),
    (manifest) => ({ change: { files: without('model.onnx', manifest.files) }, message: 'model.onnx is not in the manifest' }),
    (manifest) => ({ change: { files: without('tokenizer.json', manifest.files) }, message: 'tokenizer.json is not in the manifest' }),
  ],
};

describe('a manifest', () => {
  let manifest: Manifest;
  beforeAll(async () => {
    manifest = await projectJson<Manifest>(`${DEFAULT_MODEL}/manifest.json`);
    // With the hashes noted, as push does it.
    for (const [name, { sha256 }] of Object.entries(manifest.files))
      await testEnv.MODELS.put(`models/${ID}/${name}`, await projectFile(`${DEFAULT_MODEL}/${name}`), { customMetadata: { sha256 } });
  });
  beforeEach(async () => {
    await testEnv.MODELS.put(KEY, JSON.stringify(manifest));
  });

  it.each(ENGINES)('should be served if it is true, on %s', async (engine) => {
    expect((await complete(engine)).status).toBe(200);
  });

  it('should have a test for each field', () => {
    const fields = [...Object.keys(manifest), 'tablesDtype', 'pooling', 'thinkTags'];
    expect(Object.keys(FALSE).sort()).toEqual(fields.sort());
  });

  const cases = Object.entries(FALSE).flatMap(([field, changes]) => changes.map((make, index) => ({ field, index, make })));
  it.each(cases)('should be refused if $field is false ($index)', async ({ make }) => {
    const { change, message } = make(manifest);
    await testEnv.MODELS.put(KEY, JSON.stringify({ ...manifest, ...change }));
    for (const engine of ENGINES) {
      const answer = await complete(engine);
      expect(answer).toMatchObject({ status: 503, code: 'model_unavailable' });
      expect(answer.message).toContain(message);
    }
  });
});

describe('a tokenizer', () => {
  const tokenizer = () =>
    projectJson<{ added_tokens: object[]; model: { vocab: Record<string, number> } }>(`${DEFAULT_MODEL}/tokenizer.json`);

  it.each(['added_tokens', 'vocab'])('should be refused if it has a token without a row in the embedding, among its %s', async (where) => {
    await seedModel(DEFAULT_MODEL);
    const json = await tokenizer();
    if (where === 'vocab') json.model.vocab['one more'] = 4096;
    else json.added_tokens.push({ id: 4096, content: '<more>', special: true });
    await replaceFile(ID, 'tokenizer.json', JSON.stringify(json));
    expect(await complete('auto')).toMatchObject({
      code: 'unsupported_model',
      message: "tokenizer.json: token id 4096 is outside the model's vocabulary of 4096 tokens",
    });
  });
});
