import { beforeAll, describe, expect, it } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import { createApp } from '../../src/api/app.ts';
import { IsolateModels } from '../../src/worker/isolate-models.ts';
import { parseSampling } from '../../src/worker/worker-variables.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from './helpers.ts';

const ID = 'tinystories-gpt2';
const SEEDED = { prompt: 'Once upon a time', max_tokens: 40, seed: 3 };

/** The Worker's app with a value of the variable SAMPLING. */
function withSampling(sampling: string | undefined) {
  const options = { kernels, memoryLimitMegabytes: 128, keepAlive: () => {} };
  const engineOf = () => ({ engine: 'auto', cacheFormat: 'auto' }) as const;
  const host = new IsolateModels({ bucket: testEnv.MODELS, ids: [ID], engineOf, samplingOf: parseSampling(sampling, [ID]), ...options });
  const app = createApp({ host, isPublic: true });
  return async (body: object = {}) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await app.request('/v1/completions', { method: 'POST', headers, body: JSON.stringify({ ...SEEDED, ...body }) });
    expect(answer.status).toBe(200);
    const { choices, system_fingerprint } = (await answer.json()) as { choices: { text: string }[]; system_fingerprint: string };
    return { text: choices[0].text, fingerprint: system_fingerprint };
  };
}

describe('SAMPLING', () => {
  beforeAll(async () => {
    await seedModel(DEFAULT_MODEL);
  });

  it.each([
    ['temperature=0', { temperature: 0 }],
    ['temperature=1.5', { temperature: 1.5 }],
    ['top_k=2', { top_k: 2 }],
    ['top_p=0.3', { top_p: 0.3 }],
    ['min_p=0.5', { min_p: 0.5 }],
    ['repetition_penalty=1.8', { repetition_penalty: 1.8 }],
    [`${ID}=top_k=2;temperature=1.2`, { top_k: 2, temperature: 1.2 }],
  ])('should stand in place of what the model recommends: %s', async (sampling, asked) => {
    const plain = withSampling(undefined);
    const own = await plain();
    const answer = await withSampling(sampling)();
    expect(answer.text).not.toBe(own.text);
    expect(answer.text).toBe((await plain(asked)).text);
    expect(answer.fingerprint).not.toBe(own.fingerprint);
  });

  it('should leave to the model what it does not say, and give way to the request', async () => {
    const plain = withSampling('');
    // The model recommends a temperature of 0.8 and a top_p of 0.95.
    const expected = (await plain({ temperature: 0.8, top_p: 0.95 })).text;
    expect((await plain()).text).toBe(expected);
    const ask = withSampling('temperature=0');
    expect((await ask({ temperature: 0.8 })).text).toBe(expected);
    expect((await ask()).text).toBe((await plain({ temperature: 0 })).text);
  });
});
