import OpenAI, { BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveDefaultModel } from './serve-default-model.ts';

describe('the openai package', () => {
  const model = 'tinystories-gpt2';
  let worker: LocalWorker;
  let client: OpenAI;
  beforeAll(async () => {
    worker = await serveDefaultModel();
    client = new OpenAI({ baseURL: `${worker.url.origin}/v1`, apiKey: 'none' });
  });
  afterAll(() => worker.stop());

  it('should stream a completion', async () => {
    const stream = await client.completions.create({
      model,
      prompt: 'Once upon a time',
      max_tokens: 20,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(', there was a little girl named Lily. She loved to play with her toys and eat yummy food');
    expect(usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 20, total_tokens: 24 });
  });

  it('should give the same chat streamed and whole', async () => {
    const request = { model, messages: [{ role: 'user' as const, content: 'Tell me a story about a frog.' }], seed: 3, max_tokens: 40 };
    const whole = await client.chat.completions.create(request);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    expect(whole.choices[0].message.content).toMatch(/frog/);
    expect(streamed.choices[0].message.content).toBe(whole.choices[0].message.content);
    expect(streamed.choices[0].finish_reason).toBe(whole.choices[0].finish_reason);
  });

  it('should take the best of several completions, and fields of other servers', async () => {
    const request = { model, prompt: 'Once upon a time', max_tokens: 12, seed: 3, logprobs: 0 };
    const all = await client.completions.create({ ...request, n: 4 });
    const mean = (choice: (typeof all.choices)[number]) =>
      choice.logprobs!.token_logprobs!.reduce((sum, logprob) => sum + logprob, 0) / choice.logprobs!.token_logprobs!.length;
    const best = await client.completions.create({ ...request, best_of: 4 });
    expect(mean(best.choices[0])).toBe(Math.max(...all.choices.map(mean)));
    const message = { role: 'assistant' as const, content: 'Once upon a time, there was a frog' };
    const continued = await client.chat.completions.create({
      ...{ model, messages: [{ role: 'user' as const, content: 'Tell me a story.' }, message], max_tokens: 4, temperature: 0 },
      ...{ continue_final_message: true, add_generation_prompt: false },
    });
    expect(continued.choices[0].message.content).toMatch(/^ (named|who|\w+)/);
  });

  it('should read typed errors', async () => {
    const tooLong = await client.completions.create({ model, prompt: 'Once', max_tokens: 600 }).catch((error) => error);
    expect(tooLong).toBeInstanceOf(BadRequestError);
    expect(tooLong).toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'max_tokens', type: 'invalid_request_error' });
    const unknown = await client.completions.create({ model: 'gpt-9', prompt: 'Once' }).catch((error) => error);
    expect(unknown).toBeInstanceOf(NotFoundError);
    expect(unknown.code).toBe('model_not_found');
  });

  it('should list the models', async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual([model, `${model}:fairytale`]);
  });
});
