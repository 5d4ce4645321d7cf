import { beforeAll, describe, expect, it } from 'vitest';
import type { Embeddings } from '../../../src/api/openai/schemas/embeddings-schema.ts';
import { ask, DEFAULT_MODEL, post, seedModel } from '../helpers.ts';
import { type Body, complete, tokenize } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const PATH = '/v1/embeddings';
const embed = (body: Body) => ask<Embeddings>(PATH, body);
const vectors = async (input: unknown) => (await embed({ input })).data.map(({ embedding }) => embedding as number[]);
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, index) => sum + value * b[index], 0);

const texts = ['Once upon a time', 'The dog went home.', 'a', ' very'.repeat(300)];

describe('POST /v1/embeddings', () => {
  it('should answer with a vector of length 1 for each text, in order, and count the tokens', async () => {
    const { object, model, data, usage } = await embed({ input: texts });
    expect({ object, model }).toEqual({ object: 'list', model: 'tinystories-gpt2' });
    expect(data.map(({ object, index }) => [object, index])).toEqual(texts.map((_, index) => ['embedding', index]));
    for (const { embedding } of data) {
      expect(embedding).toHaveLength(256);
      expect(dot(embedding as number[], embedding as number[])).toBeCloseTo(1, 6);
    }
    const tokens = (await Promise.all(texts.map(tokenize))).flat().length;
    expect(usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
  });

  it('should give the same bits for a text alone, among others, as token ids, and beside completions', async () => {
    const alone: number[][] = [];
    for (const text of texts) alone.push(...(await vectors(text)));
    expect(await vectors(texts)).toEqual(alone);
    expect(await vectors(await Promise.all(texts.map(tokenize)))).toEqual(alone);
    expect(await vectors(await tokenize(texts[1]))).toEqual([alone[1]]);
    const [busy] = await Promise.all([vectors(texts), complete({ prompt: texts[3], n: 4, max_tokens: 20, echo: true, logprobs: 2 })]);
    expect(busy).toEqual(alone);
  });

  it('should give the numbers as float32 in base64', async () => {
    const [{ embedding }] = (await embed({ input: texts[0], encoding_format: 'base64' })).data;
    const bytes = Uint8Array.from(atob(embedding as string), (character) => character.charCodeAt(0));
    expect([...new Float32Array(bytes.buffer)]).toEqual((await vectors(texts[0]))[0]);
  });

  it('should tell texts apart by what they are about', async () => {
    const [cat, kitten, rain] = await vectors(['The cat sat on the mat.', 'The kitten sat on the rug.', 'Rain fell on the big city.']);
    expect(dot(cat, kitten)).toBeGreaterThan(dot(cat, rain));
  });

  it("should accept the model's own dimensions, and refuse others", async () => {
    expect((await embed({ input: 'a', dimensions: 256 })).data).toEqual((await embed({ input: 'a' })).data);
    const answer = await post(PATH, { input: 'a', dimensions: 64 });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { code: 'unsupported_parameter', param: 'dimensions', message: expect.stringContaining('256 dimensions') },
    });
  });

  it('should refuse a text that does not fit the context window', async () => {
    const answer = await post(PATH, { input: ['a', new Array(513).fill(' very').join('')] });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { code: 'context_length_exceeded', param: 'input', message: expect.stringContaining('513 in your prompt') },
    });
    expect((await post(PATH, { input: new Array(512).fill(7) })).status).toBe(200);
  });
});
