import { beforeAll, describe, expect, it } from 'vitest';
import type { Completion } from '../../../src/api/openai/schemas/completion-schema.ts';
import { DEFAULT_MODEL, projectJson, replaceFile, seedModel } from '../helpers.ts';
import { type Body, chunksOf, complete, tokenize } from './support.ts';

const [PREFIX, SUFFIX, MIDDLE, PAD] = [4092, 4093, 4094, 4095];

/** The default model, whose tokenizer declares the last of its tokens as Qwen2.5-Coder does. It was not trained for that. */
beforeAll(async () => {
  const { id } = await seedModel(DEFAULT_MODEL);
  const tokenizer = await projectJson<{ added_tokens: object[] }>(`${DEFAULT_MODEL}/tokenizer.json`);
  const spelled = Object.entries({ prefix: PREFIX, suffix: SUFFIX, middle: MIDDLE, pad: PAD });
  const declared = spelled.map(([name, tokenId]) => ({ ...tokenizer.added_tokens[0], id: tokenId, content: `<|fim_${name}|>` }));
  tokenizer.added_tokens.push(...declared);
  await replaceFile(id, 'tokenizer.json', JSON.stringify(tokenizer));
});

const given = { prompt: 'The dog', suffix: ' went home.', max_tokens: 20, seed: 3 };
const [text, ids] = [
  async (body: Body) => (await complete(body)).choices[0].text,
  async (body: Body) => (await complete({ ...body, return_token_ids: true })).choices[0].prompt_token_ids,
];

describe('a suffix', () => {
  it('should put prompt and suffix behind their tokens, and ask for the middle', async () => {
    const [before, after] = [await tokenize(given.prompt), await tokenize(given.suffix)];
    const expected = [PREFIX, ...before, SUFFIX, ...after, MIDDLE];
    expect(await ids(given)).toEqual(expected);
    expect(await ids({ ...given, prompt: before })).toEqual(expected);
    for (const prompt of ['', undefined]) expect(await ids({ ...given, prompt })).toEqual([PREFIX, SUFFIX, ...after, MIDDLE]);
    const { usage } = await complete(given);
    expect(usage!.prompt_tokens).toBe(expected.length);
  });

  it('should leave the spelling of such a token in a text as text', async () => {
    const spelled = await ids({ ...given, suffix: '<|fim_middle|>' });
    expect(spelled!.indexOf(MIDDLE)).toBe(spelled!.length - 1);
  });

  it('should change the text, which is the same streamed', async () => {
    const filled = await text(given);
    expect(filled).not.toBe(await text({ ...given, suffix: undefined }));
    expect(filled).not.toBe(await text({ ...given, suffix: ' was sad.' }));
    const chunks = await chunksOf<Completion>('/v1/completions', given);
    expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe(filled);
  });

  it('should ask for nothing if it is empty or null', async () => {
    const plain = await text({ ...given, suffix: undefined });
    for (const suffix of ['', null]) expect(await text({ ...given, suffix })).toBe(plain);
  });

  it('should have its gap end where the model says so', async () => {
    for (const id of [PREFIX, SUFFIX, MIDDLE, PAD]) {
      const forced = { ...given, temperature: 0, logit_bias: { [id]: 100 } };
      expect((await complete(forced)).choices[0]).toMatchObject({ text: '', finish_reason: 'stop' });
      expect((await complete({ ...forced, suffix: undefined })).choices[0].finish_reason).toBe('length');
    }
  });
});
