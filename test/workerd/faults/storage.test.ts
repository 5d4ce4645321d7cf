import { beforeAll, describe, expect, it } from 'vitest';
import kernels from '../../../dist/kernels/relaxed.wasm';
import { createApp } from '../../../src/api/app.ts';
import type { WireFile } from '../../../src/api/openai/schemas/file-schema.ts';
import { IsolateModels } from '../../../src/worker/isolate-models.ts';
import { errorOf } from '../access/access-app.ts';
import { batchApp, json, request, settled, step } from '../batch/batch-app.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { FAULTS, FaultyBucket } from './faulty-bucket.ts';

const ID = 'tinystories-gpt2';
const SILENCE_MS = 1_000;

beforeAll(() => seedModel(DEFAULT_MODEL));

/** A new isolate's app over a bucket that can be broken. */
function brokenApp() {
  const storage = new FaultyBucket();
  const host = new IsolateModels({
    bucket: storage.bucket,
    ids: [ID],
    engineOf: () => ({ engine: 'auto', cacheFormat: 'auto' }),
    kernels,
    memoryLimitMegabytes: 128,
    storageSilenceMs: SILENCE_MS,
    keepAlive: () => {},
  });
  const app = createApp({ host, isPublic: true, log: () => {} });
  const ask = () =>
    app.request('http://edge/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'Once', max_tokens: 3, temperature: 0 }),
    }) as Promise<Response>;
  return { storage, ask };
}

const TEXT = { choices: [{ text: ' upon a time' }] };
const FILES = ['manifest.json', 'config.json', 'model.onnx', 'tokenizer.json', 'model.onnx_data'];
/** Keys of model files, with the second part of the weights, which is asked for when the first is being read. */
const PLACES: [place: string, isFaulty: (key: string, options?: R2GetOptions) => boolean][] = [
  ...FILES.map((name): [string, (key: string) => boolean] => [name, (key) => key === `models/${ID}/${name}`]),
  [
    'model.onnx_data',
    (key, options) => key === `models/${ID}/model.onnx_data` && ((options?.range as { offset: number } | undefined)?.offset ?? 0) > 0,
  ],
];

describe('a model whose bucket does something wrong', () => {
  it.each(FAULTS)('should be an error that names the file, whichever it is, and be loaded by the next request: %s', async (fault) => {
    const { storage, ask } = brokenApp();
    for (const [name, isFaulty] of PLACES) {
      storage.break(fault, isFaulty);
      const error = await errorOf(await ask());
      const isNotThere = fault === 'has no such object' && name === 'manifest.json';
      expect(error, name).toMatchObject({
        status: isNotThere ? 404 : 503,
        code: isNotThere ? 'model_not_found' : 'model_unavailable',
        message: expect.stringContaining(isNotThere ? ID : name),
      });
      expect(storage.met).toBeGreaterThan(0);
    }
    storage.mend();
    expect(await (await ask()).json()).toMatchObject(TEXT);
  });

  it('should be loaded if it is only slow', async () => {
    const { storage, ask } = brokenApp();
    storage.break('is slow', () => true);
    expect(await (await ask()).json()).toMatchObject(TEXT);
  });

  it('should give all who wait for it the same error, and not let them wait for ever', async () => {
    const { storage, ask } = brokenApp();
    storage.break('stalls in the body', (key) => key.endsWith('model.onnx_data'));
    const answers = await Promise.all([1, 2, 3, 4].map(ask));
    for (const answer of answers) expect(await errorOf(answer)).toMatchObject({ status: 503, code: 'model_unavailable' });
    storage.mend();
    expect(await (await ask()).json()).toMatchObject(TEXT);
  });
});

describe('files and batches whose bucket refuses everything', () => {
  it('should be an error that says to try again, on each route, and be as they were when it answers again', async () => {
    const storage = new FaultyBucket();
    const app = batchApp({ MODELS: storage.bucket });
    const { id } = await json<WireFile>(await app.upload([request(0)]));
    const batch = await app.begin([request(1)]);
    await step(batch.id);
    storage.refusesAll = true;
    const post = (path: string, body: object) =>
      app.fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    const asked: [what: string, ask: () => Promise<Response>][] = [
      ['upload', () => app.upload([request(2)])],
      ['list files', () => app.fetch('/v1/files')],
      ['describe', () => app.fetch(`/v1/files/${id}`)],
      ['content', () => app.fetch(`/v1/files/${id}/content`)],
      ['delete', () => app.fetch(`/v1/files/${id}`, { method: 'DELETE' })],
      ['create', () => post('/v1/batches', { input_file_id: id, endpoint: '/v1/completions', completion_window: '24h' })],
      ['list batches', () => app.fetch('/v1/batches')],
      ['batch', () => app.fetch(`/v1/batches/${batch.id}`)],
      ['cancel', () => post(`/v1/batches/${batch.id}/cancel`, {})],
    ];
    for (const [what, ask] of asked) {
      const answer = await ask();
      expect(answer.headers.get('retry-after'), what).toBe('1');
      expect(await errorOf(answer), what).toMatchObject({ status: 503, code: 'storage_unavailable' });
    }
    storage.refusesAll = false;
    expect(await json(await app.fetch(`/v1/files/${id}`))).toMatchObject({ id });
    expect((await app.get(batch.id)).status).toMatch(/validating|in_progress|completed/);
    expect(await json(await app.fetch(`/v1/files/${id}/content`))).toMatchObject({ custom_id: 'request-0' });
    await settled(app, batch.id);
  });
});
