import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { BadRequestError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { POOLINGS } from '../../src/core/folder/manifest.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { PROJECT } from '../../src/local/project-paths.ts';
import { serveModels } from '../../src/local/serve-models.ts';

const GOLDEN = join(PROJECT, 'test', 'golden');

/** Hugging Face transformers in float32; see test/golden/README.md. */
type References = Record<string, { ids: number[]; mean: number[]; last: number[] }[]>;
const references = JSON.parse(await readFile(join(GOLDEN, 'embeddings.json'), 'utf8')) as References;
const names = Object.keys(references);

/**
 * How far a number may be from that of transformers: weights are the same in float32, and sums are added in another
 * order. The largest difference found is 4e-7.
 */
const TOLERANCE = 5e-6;

const difference = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index])), Math.abs(a.length - b.length));

describe('embeddings, asked for by the openai package', () => {
  let folder: string;
  let worker: LocalWorker;
  let client: OpenAI;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-embeddings-'));
    const models: string[] = [];
    for (const name of names)
      for (const pooling of POOLINGS) {
        const id = `${name}-${pooling}`;
        await convertModel({ source: join(GOLDEN, name), target: join(folder, id), id, dtype: 'fp32', pooling });
        models.push(join(folder, id));
      }
    await convertModel({ source: join(GOLDEN, 'tiny-gpt2'), target: join(folder, 'slow'), id: 'slow', dtype: 'fp32' });
    worker = await serveModels({ models: [...models, join(folder, 'slow')], vars: { ENGINE: 'edge,slow=ort' } });
    client = new OpenAI({ baseURL: `${worker.url.origin}/v1`, apiKey: 'none' });
  });
  afterAll(async () => {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(names.flatMap((name) => POOLINGS.map((pooling) => [name, pooling] as const)))(
    "should be those of transformers: %s, pooling %s, as the client's floats and as it asks by default",
    async (name, pooling) => {
      const expected = references[name];
      const model = `${name}-${pooling}`;
      const input = expected.map(({ ids }) => ids);
      // By default the client asks for base64, and decodes it.
      for (const encoding_format of ['float', undefined] as const) {
        const { data, usage } = await client.embeddings.create({ model, input, encoding_format });
        for (const [index, { embedding }] of data.entries())
          expect(difference(embedding, expected[index][pooling])).toBeLessThan(TOLERANCE);
        const tokens = input.flat().length;
        expect(usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
      }
      const { data } = (await (await fetch(new URL('/v1/models', worker.url))).json()) as { data: { id: string; embeddings: unknown }[] };
      expect(data.find(({ id }) => id === model)!.embeddings).toEqual({ dimensions: expected[0].mean.length, pooling });
    },
  );

  it('should be refused by name where the engine gives none, and be listed as missing', async () => {
    const refused = await client.embeddings.create({ model: 'slow', input: 'a' }).catch((error) => error);
    expect(refused).toBeInstanceOf(BadRequestError);
    expect(refused).toMatchObject({ code: 'unsupported_parameter', param: 'model', message: expect.stringContaining('engine ort') });
    const model = (await (await fetch(new URL('/v1/models/slow', worker.url))).json()) as { embeddings: unknown };
    expect(model.embeddings).toBeNull();
  });
});
