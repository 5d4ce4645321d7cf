import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatCompletion } from '../../../src/api/openai/schemas/chat-schema.ts';
import { DEFAULT_MODEL, post, seedModel } from '../helpers.ts';
import { type Body, chat, complete } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const STORY = 'Once upon a time there was a little girl who had a red ball and a dog. '.repeat(12);
const cachedOf = async (body: Body) => (await complete({ max_tokens: 4, seed: 1, ...body })).usage!.prompt_tokens_details.cached_tokens;

describe('the cache of prompts', () => {
  it('should tell how much of a prompt was computed for an earlier request, and give the same answer', async () => {
    const body = { prompt: STORY, max_tokens: 10, seed: 1, prompt_cache_key: 'first' };
    const [first, second] = [await complete(body), await complete(body)];
    expect(first.usage!.prompt_tokens_details.cached_tokens).toBe(0);
    const { prompt_tokens, prompt_tokens_details } = second.usage!;
    expect(prompt_tokens_details.cached_tokens).toBeGreaterThan(prompt_tokens / 2);
    expect(prompt_tokens_details.cached_tokens).toBeLessThan(prompt_tokens);
    expect(second.choices).toEqual(first.choices);
  });

  it('should be divided by prompt_cache_key', async () => {
    await cachedOf({ prompt: STORY });
    expect(await cachedOf({ prompt: STORY })).toBeGreaterThan(0);
    expect(await cachedOf({ prompt: STORY, prompt_cache_key: 'mine' })).toBe(0);
    expect(await cachedOf({ prompt: STORY, prompt_cache_key: 'mine' })).toBeGreaterThan(0);
    expect(await cachedOf({ prompt: STORY, prompt_cache_key: 'yours' })).toBe(0);
  });

  it('should be used for a prompt whose tokens are scored, once its scores are known too', async () => {
    const body = { prompt: STORY, max_tokens: 0, echo: true, logprobs: 1 };
    const plain = await complete({ ...body, echo: false, logprobs: undefined, max_tokens: 1 });
    const [first, second] = [await complete(body), await complete(body)];
    expect(second.choices).toEqual(first.choices);
    expect(first.usage!.prompt_tokens_details.cached_tokens).toBe(0);
    expect(second.usage!.prompt_tokens_details.cached_tokens).toBe(plain.usage!.prompt_tokens - 1);
  });
});

describe('drafted tokens', () => {
  const given = { messages: [{ role: 'user', content: 'Tell me a story about a cat.' }], max_tokens: 60, temperature: 0 };
  const details = ({ usage }: ChatCompletion) => usage.completion_tokens_details;

  it('should be accepted where the prediction is right, and change nothing', async () => {
    const plain = await chat(given);
    const { content } = plain.choices[0].message;
    const predicted = await chat({ ...given, prediction: { type: 'content', content } });
    expect(predicted.choices).toEqual(plain.choices);
    expect(details(predicted).accepted_prediction_tokens).toBeGreaterThan(30);
    expect(details(predicted).rejected_prediction_tokens).toBeLessThan(20);
    const parts = [
      { type: 'text', text: 'Nothing like' },
      { type: 'text', text: ' it.' },
    ];
    const wrong = await chat({ ...given, prediction: { type: 'content', content: parts } });
    expect(wrong.choices).toEqual(plain.choices);
  });

  it.each([{ type: 'text', content: 'x' }, { type: 'content' }, 'x'])('should refuse the prediction %j', async (prediction) => {
    const answer = await post('/v1/chat/completions', { ...given, prediction });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid_value', param: expect.stringMatching(/^prediction/) } });
  });
});

describe('timeout_ms', () => {
  const long = { prompt: 'Once upon a time', max_tokens: 400, n: 100, seed: 1, logit_bias: { 0: -100 } };

  it('should end a request with an error, before its answer begins or in the middle of a stream', async () => {
    const whole = await post('/v1/completions', { ...long, timeout_ms: 1 });
    expect(whole.status).toBe(408);
    const error = { code: 'timeout', param: 'timeout_ms', message: 'The request has taken 1 ms.', type: 'invalid_request_error' };
    expect(await whole.json()).toEqual({ error });
    const stream = await post('/v1/completions', { ...long, timeout_ms: 300, stream: true });
    expect(stream.status).toBe(200);
    const events = (await stream.text()).trim().split('\n\n');
    expect(events.length).toBeGreaterThan(1);
    expect(events.at(-1)).toContain('"code":"timeout"');
  });

  it('should change nothing where the time suffices', async () => {
    const body = { prompt: 'Once upon a time', max_tokens: 5, seed: 1 };
    expect((await complete({ ...body, timeout_ms: 600_000 })).choices).toEqual((await complete(body)).choices);
  });
});
