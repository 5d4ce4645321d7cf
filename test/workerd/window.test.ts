import { beforeAll, describe, expect, it } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import { createApp } from '../../src/api/app.ts';
import type { WireModel } from '../../src/api/openai/schemas/model-schema.ts';
import type { EngineChoice } from '../../src/runtime/engine-choice.ts';
import { IsolateModels } from '../../src/worker/isolate-models.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from './helpers.ts';

const ID = 'tinystories-gpt2';

/** An app in an isolate of so many megabytes. */
function appWithin(memoryLimitMegabytes: number, choice: EngineChoice) {
  const options = { bucket: testEnv.MODELS, ids: [ID], kernels, memoryLimitMegabytes, keepAlive: () => {} };
  const app = createApp({ host: new IsolateModels({ ...options, engineOf: () => choice }), isPublic: true, log: () => {} });
  return async <T>(path: string, body?: object) => {
    const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await (await app.request(path, init)).json()) as T;
  };
}

describe.each([
  // 128 positions take 1.6 MB.
  { name: 'fits, on ort', choice: { engine: 'ort', cacheFormat: 'auto' }, tooMuch: 1 } as const,
  // While weights are loaded, the default model takes as much memory as its whole KV cache.
  { name: 'is chosen, on edge', choice: { engine: 'edge', cacheFormat: 'f32', contextWindow: 384 }, tooMuch: 0 } as const,
])('a model of which not the whole context window $name', ({ choice, tooMuch }) => {
  let ask: ReturnType<typeof appWithin>;
  beforeAll(async () => {
    await seedModel(DEFAULT_MODEL);
    const { memory } = await appWithin(128, choice)<WireModel>(`/v1/models/${ID}`);
    ask = appWithin(memory.total_bytes / 1e6 - tooMuch, choice);
  });

  it('should say how much of it is served', async () => {
    expect(await ask(`/v1/models/${ID}`)).toMatchObject({ context_window: 384, model_context_window: 512 });
    expect(await ask('/tokenize', { prompt: 'Once' })).toMatchObject({ max_model_len: 384 });
  });

  it('should answer within it, and refuse what goes beyond it', async () => {
    const prompt = new Array(380).fill(300);
    const { usage } = await ask<{ usage: object }>('/v1/completions', { prompt, max_tokens: 4, logit_bias: { 0: -100 } });
    expect(usage).toMatchObject({ prompt_tokens: 380, completion_tokens: 4 });
    const { error } = await ask<{ error: object }>('/v1/completions', { prompt, max_tokens: 5 });
    expect(error).toMatchObject({
      code: 'context_length_exceeded',
      message: expect.stringContaining("This model's maximum context length is 384 tokens. However, you requested 385 tokens"),
    });
  });

  it('should chat with what is left of it by default', async () => {
    const messages = [{ role: 'user', content: 'Tell me a story. '.repeat(60) }];
    const chat = { messages, temperature: 0, logit_bias: { 0: -100 } };
    const { usage, choices } = await ask<{ usage: { total_tokens: number }; choices: object[] }>('/v1/chat/completions', chat);
    expect(choices).toMatchObject([{ finish_reason: 'length' }]);
    expect(usage.total_tokens).toBe(384);
  });
});
