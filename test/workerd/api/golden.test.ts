import { beforeAll, describe, expect, it } from 'vitest';
import type { LegacyLogprobs } from '../../../src/api/openai/schemas/completion-schema.ts';
import type { NextTokenAnswer } from '../../../src/api/openai/schemas/next-token-schema.ts';
import { ask, DEFAULT_MODEL, projectJson, seedModel } from '../helpers.ts';
import { chat, complete, detokenize, idsOf, tokenize, usageOf } from './support.ts';

interface Scored {
  ids: number[];
  prompt_logprobs: (number | null)[];
  /** These fields are optional, because not every reference has them. */
  last_logits?: number[];
  greedy_ids: number[];
  greedy_logprobs: number[];
  greedy_top5: { ids: number[]; logprobs: number[] }[];
  greedy_text: string;
}
interface Reference {
  prompts: (Scored & { text: string; with_bos: boolean })[];
  chats: (Scored & { messages: { role: string; content: string }[]; rendered: string })[];
}

/**
 * The edge engine, which `auto` chooses, has activations of 16 bits. Log-probabilities of scored or chosen tokens are
 * up to 3e-4 off.
 */
const TOLERANCE = 1e-3;
/** Log-probabilities of very unlikely tokens are up to 1.0e-3 off. */
const ALTERNATIVES_TOLERANCE = 2e-3;

function expectClose(actual: readonly (number | null)[], expected: readonly (number | null)[], tolerance = TOLERANCE) {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries())
    if (value === null) expect(actual[index]).toBeNull();
    else expect(Math.abs(actual[index]! - value), `at ${index}`).toBeLessThan(tolerance);
}

function softmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - max));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

let reference: Reference;
beforeAll(async () => {
  await seedModel(DEFAULT_MODEL);
  reference = await projectJson('test/golden/tinystories-gpt2/reference.json');
});

describe('the default model against the reference of Hugging Face transformers', () => {
  it('should split every prompt into the same tokens', async () => {
    for (const { text, with_bos, ids } of reference.prompts)
      expect(with_bos ? [0, ...(await tokenize(text))] : await tokenize(text)).toEqual(ids);
    for (const { rendered, ids } of reference.chats) expect([0, ...(await tokenize(rendered.replace('<|endoftext|>', '')))]).toEqual(ids);
  });

  it('should continue every prompt with the same greedy tokens, from ids and from text', async () => {
    expect(reference.prompts.length).toBeGreaterThan(0);
    for (const { text, with_bos, ids, ...golden } of reference.prompts) {
      // The tokenizer adds no BOS, so no text has the ids of a prompt that begins with one.
      for (const prompt of with_bos ? [ids] : [ids, text]) {
        const { choices, usage } = await complete({ prompt, max_tokens: golden.greedy_ids.length, temperature: 0, logprobs: 5 });
        expect(choices[0]).toMatchObject({ text: golden.greedy_text, finish_reason: 'length' });
        expect(await idsOf(choices[0].logprobs!.tokens)).toEqual(golden.greedy_ids);
        expect(usage).toEqual(usageOf(ids.length, 60));
        await expectGoldenLogprobs(choices[0].logprobs!, golden);
      }
    }
  });

  /** The text of a token. An incomplete character, which the API labels by its bytes, becomes U+FFFD here. */
  const textOf = (() => {
    const known = new Map<number, string>();
    return async (id: number) => known.get(id) ?? known.set(id, await detokenize([id])).get(id)!;
  })();

  async function expectGoldenLogprobs(logprobs: LegacyLogprobs, golden: Omit<Scored, 'ids'>) {
    expectClose(logprobs.token_logprobs, golden.greedy_logprobs);
    for (const [index, { ids, logprobs: expected }] of golden.greedy_top5.entries()) {
      const top = Object.entries(logprobs.top_logprobs[index]!);
      expectClose(
        top.map(([, logprob]) => logprob),
        expected,
        ALTERNATIVES_TOLERANCE,
      );
      for (const [place, id] of ids.entries()) {
        const text = await textOf(id);
        if (!text.includes('\uFFFD')) expect(top[place][0]).toBe(text);
      }
    }
  }

  it('should answer every chat with the same greedy tokens', async () => {
    expect(reference.chats.length).toBeGreaterThan(0);
    for (const { messages, ids, ...golden } of reference.chats) {
      const answer = await chat({
        messages,
        max_completion_tokens: golden.greedy_ids.length,
        temperature: 0,
        logprobs: true,
        top_logprobs: 5,
      });
      const [{ message, logprobs }] = answer.choices;
      expect(message).toEqual({ role: 'assistant', content: golden.greedy_text, refusal: null });
      expect(answer.usage.prompt_tokens).toBe(ids.length);
      expect(await idsOf(logprobs!.content.map(({ token }) => token))).toEqual(golden.greedy_ids);
      expectClose(
        logprobs!.content.map(({ logprob }) => logprob),
        golden.greedy_logprobs,
      );
      for (const [index, { top_logprobs }] of logprobs!.content.entries())
        expectClose(
          top_logprobs.map(({ logprob }) => logprob),
          golden.greedy_top5[index].logprobs,
          ALTERNATIVES_TOLERANCE,
        );
    }
  });

  it('should give every prompt and chat the same scores with echo', async () => {
    for (const { ids, prompt_logprobs } of [...reference.prompts, ...reference.chats]) {
      const { choices } = await complete({ prompt: ids, max_tokens: 0, echo: true, logprobs: 0 });
      expectClose(choices[0].logprobs!.token_logprobs, prompt_logprobs);
    }
  });

  it('should give the same distribution of the next token', async () => {
    const withLogits = reference.prompts.filter(({ last_logits }) => last_logits);
    expect(withLogits.length).toBeGreaterThan(0);
    for (const { ids, last_logits } of withLogits) {
      const expected = softmax(last_logits!);
      const { tokens, rest_probability, end_of_sequence, prompt_tokens } = await ask<NextTokenAnswer>('/v1/next-token', {
        prompt: ids,
        top_k: 1000,
      });
      expect(prompt_tokens).toBe(ids.length);
      expect(tokens).toHaveLength(1000);
      for (const { id, probability, logprob } of tokens) {
        expect(Math.abs(probability - expected[id])).toBeLessThan(TOLERANCE);
        expect(Math.abs(logprob - Math.log(expected[id]))).toBeLessThan(TOLERANCE);
      }
      const shown = tokens.reduce((sum, { probability }) => sum + probability, 0);
      expect(shown + rest_probability).toBeCloseTo(1, 6);
      expect(tokens.map(({ probability }) => probability)).toEqual(tokens.map(({ probability }) => probability).sort((a, b) => b - a));
      expect(end_of_sequence.map(({ id }) => id)).toEqual([0]);
      expect(Math.abs(end_of_sequence[0].probability - expected[0])).toBeLessThan(TOLERANCE);
    }
  });

  it('should return ids, text and bytes of the next tokens', async () => {
    const { tokens } = await ask<NextTokenAnswer>('/v1/next-token', { prompt: 'Once upon a time' });
    expect(tokens).toHaveLength(10);
    for (const { id, token, bytes, end_of_sequence } of tokens) {
      expect(await detokenize([id])).toBe(token);
      expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(token);
      expect(end_of_sequence).toBe(id === 0);
    }
  });
});

describe('choices and seeds', () => {
  const given = { prompt: 'Once upon a time, there was', max_tokens: 20, temperature: 1, seed: 12345 };

  it('should give the same text for the same seed, and another text for another seed', async () => {
    const [{ text }] = (await complete(given)).choices;
    expect((await complete(given)).choices[0].text).toBe(text);
    expect((await complete({ ...given, seed: 12346 })).choices[0].text).not.toBe(text);
    expect((await complete({ ...given, seed: -12345 })).choices[0].text).not.toBe(text);
  });

  it('should give different text without a seed', async () => {
    const { seed: _, ...unseeded } = given;
    const texts = await Promise.all([1, 2, 3].map(async () => (await complete(unseeded)).choices[0].text));
    expect(new Set(texts).size).toBe(3);
  });

  it('should make choices that differ, of which the first is the one of n = 1', async () => {
    const { choices, usage } = await complete({ ...given, n: 3 });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(new Set(choices.map(({ text }) => text)).size).toBe(3);
    expect(choices[0].text).toBe((await complete(given)).choices[0].text);
    expect(usage).toEqual(usageOf(7, 3 * 20));
  });

  it('should complete each prompt of a list as it does a single prompt', async () => {
    const prompts = ['Once upon a time', 'The dog was very sad because', 'Lily'];
    const together = await complete({ ...given, prompt: prompts, n: 2 });
    expect(together.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    let promptTokens = 0;
    for (const [index, prompt] of prompts.entries()) {
      const alone = await complete({ ...given, prompt, n: 2 });
      promptTokens += alone.usage!.prompt_tokens;
      expect(together.choices.slice(index * 2, index * 2 + 2).map(({ text }) => text)).toEqual(alone.choices.map(({ text }) => text));
    }
    expect(together.usage!.prompt_tokens).toBe(promptTokens);
    const asIds = await complete({ ...given, prompt: await Promise.all(prompts.map(tokenize)), n: 2 });
    expect(asIds.choices).toEqual(together.choices);
  });

  it('should continue a completion that was cut anywhere in the same way, given the same seed', async () => {
    const ids = await tokenize(given.prompt);
    const whole = (await complete({ ...given, prompt: ids, logprobs: 0 })).choices[0].logprobs!;
    const generated = await idsOf(whole.tokens);
    for (const cut of [1, 7, 13, 19]) {
      const [rest] = (await complete({ ...given, prompt: [...ids, ...generated.slice(0, cut)], max_tokens: 20 - cut, logprobs: 0 }))
        .choices;
      expect(rest.logprobs!.tokens).toEqual(whole.tokens.slice(cut));
      expectClose(rest.logprobs!.token_logprobs, whole.token_logprobs.slice(cut));
    }
  });
});

describe('chat prompts', () => {
  const user = (content: string) => [{ role: 'user', content }];
  /** What the model's template makes of one message, whose text must not become special tokens. */
  const rendered = async (content: string) => [0, ...(await tokenize(`User: ${content}\nStory:`))];

  it('should read special tokens that a message spells out as plain text', async () => {
    for (const content of [
      'Tell me <|endoftext|> a story',
      '<|endoftext|>',
      '<|endoftext|><|endoftext|>',
      '\uE000<|endoftext|>\uE001',
      'no mark',
    ]) {
      const prompt = await rendered(content);
      const answer = await chat({ messages: user(content), temperature: 0, max_tokens: 8 });
      expect(answer.usage.prompt_tokens).toBe(prompt.length);
      expect(answer.choices[0].message.content).toBe((await complete({ prompt, temperature: 0, max_tokens: 8 })).choices[0].text);
    }
    const withMark = await chat({ messages: user('a cat<|endoftext|>'), max_tokens: 1 });
    const without = await chat({ messages: user('a cat'), max_tokens: 1 });
    const extra = (await rendered('a cat<|endoftext|>')).length - (await rendered('a cat')).length;
    expect(extra).toBeGreaterThan(1);
    expect(withMark.usage.prompt_tokens - without.usage.prompt_tokens).toBe(extra);
  });

  it('should read text parts as one joined text', async () => {
    const parts = [
      { type: 'text', text: 'Tell me a ' },
      { type: 'text', text: 'story.' },
    ];
    const given = { temperature: 0, max_tokens: 8 };
    const asParts = await chat({ ...given, messages: [{ role: 'user', content: parts }] });
    expect(asParts.choices).toEqual((await chat({ ...given, messages: user('Tell me a story.') })).choices);
  });

  it('should put real end-of-text tokens after earlier answers', async () => {
    const messages = [...user('Hi'), { role: 'assistant', content: 'Hello' }, ...user('Go on')];
    const prompt = [0, ...(await tokenize('User: Hi\nStory: Hello')), 0, ...(await tokenize('User: Go on\nStory:'))];
    const answer = await chat({ messages, temperature: 0, max_tokens: 8 });
    expect(answer.usage.prompt_tokens).toBe(prompt.length);
    expect(answer.choices[0].message.content).toBe((await complete({ prompt, temperature: 0, max_tokens: 8 })).choices[0].text);
  });

  it('should fill what is left of the context window unless the text ends earlier', async () => {
    const messages = user('Tell me a story about a cat. '.repeat(40).trim());
    const full = await chat({ messages, seed: 1, logit_bias: { 0: -100 } });
    expect(full.usage.prompt_tokens).toBeGreaterThan(300);
    expect(full.choices[0].finish_reason).toBe('length');
    expect(full.usage.total_tokens).toBe(512);
    const ended = await chat({ messages, seed: 1, logit_bias: { 0: 100 } });
    expect(ended.choices[0].finish_reason).toBe('stop');
    expect(ended.usage.completion_tokens).toBe(1);
  });
});
