import { SELF } from 'cloudflare:test';
import OpenAI, { BadRequestError, NotFoundError } from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WireModel } from '../../../src/api/openai/schemas/model-schema.ts';
import type { TokenizeAnswer } from '../../../src/api/openai/schemas/tokenize-schema.ts';
import type { Manifest } from '../../../src/core/folder/manifest.ts';
import { ask, DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { chat, complete, detokenize, knownRoutes, tokenize } from './support.ts';

let manifest: Manifest;
beforeAll(async () => {
  manifest = await seedModel(DEFAULT_MODEL);
});

const get = async <T>(path: string): Promise<T> => {
  const answer = await SELF.fetch(`http://edge${path}`);
  expect(answer.status).toBe(200);
  return answer.json() as Promise<T>;
};

// These tests come first, because the first test that generates loads the model.
describe('/v1/models', () => {
  const expected = () => ({
    id: 'tinystories-gpt2',
    object: 'model',
    owned_by: 'gpt-edge',
    version: expect.stringMatching(/^[0-9a-f]{12}$/),
    parent: null,
    adapter: null,
    architecture: manifest.architecture,
    parameters: manifest.parameters,
    context_window: manifest.contextWindow,
    model_context_window: manifest.contextWindow,
    vocabulary_size: manifest.vocabularySize,
    dtype: manifest.dtype,
    engine: 'edge',
    kernels: expect.stringMatching(/^(relaxed|vnni)$/),
    license: manifest.license,
    bytes: Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0),
    kv_bytes_per_token: manifest.kvBytesPerToken,
    multiply_adds_per_token: manifest.multiplyAddsPerToken,
    eos_token_ids: manifest.eosTokenIds,
    bos_token_id: manifest.bosTokenId,
    chat_template: true,
    cost: expect.any(Object),
    embeddings: { dimensions: 256, pooling: 'mean' },
    card: {
      use: expect.stringMatching(/^Continuing a short children's story/),
      limits: expect.stringMatching(/^Anything but stories\./),
      examples: {
        prompts: expect.arrayContaining(['Once upon a time, a little robot']),
        messages: expect.arrayContaining(['Tell me a story about a dragon.']),
      },
    },
    memory: {
      total_bytes: expect.any(Number),
      parts: ['heap', 'weights', 'buffers', 'tokenizer', 'masks', 'KV cache of 512 tokens in float32'].map((name) =>
        expect.objectContaining({ name }),
      ),
    },
  });

  it('should list what the manifest states, without loading the model', async () => {
    const { object, data } = await get<{ object: string; data: WireModel[] }>('/v1/models');
    expect(object).toBe('list');
    expect(data).toHaveLength(1);
    const { created, load, ...model } = data[0];
    expect(model).toEqual(expected());
    expect(Number.isInteger(created)).toBe(true);
    expect(Math.abs(created - Date.now() / 1000)).toBeLessThan(600);
    expect(load).toMatchObject({ state: 'cold', loaded_bytes: 0 });
    expect(load.total_bytes).toBeGreaterThan(manifest.files['model.onnx_data'].bytes);
  });

  it('should show how much of the model is loaded', async () => {
    await tokenize('Hi');
    const { created, load, ...model } = await get<WireModel>('/v1/models/tinystories-gpt2');
    expect(model).toEqual(expected());
    expect(created).toBeGreaterThan(1.7e9);
    const { 'README.md': _card, 'config.json': _config, 'model.onnx': _planned, ...loaded } = manifest.files;
    const total = Object.values(loaded).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(load).toEqual({ state: 'ready', loaded_bytes: total, total_bytes: total });
  });
});

describe('/tokenize and /detokenize', () => {
  const TEXTS = [
    ...[
      'Once upon a time',
      ' ',
      '   leading and trailing   ',
      '\n\n\t\r\n',
      'no-break\u00a0space',
      'Ünïcödé',
      'ﬁ ½ ²',
      '日本語のテキスト',
      'العربية',
    ],
    ...[
      '😀',
      '👩‍👩‍👧‍👦 family',
      '\u0000\u0001\u007f',
      '\ufeffmark',
      'e\u0301 is not é',
      '𝒳𝒴',
      '\ue000\ue001\ue010',
      '1234567890 12',
      "don't we'll",
      '"quoted," she said.',
    ],
    ...['<|endoftext|>', 'a<|endoftext|>b', '<|endoftext|><|endoftext|>', 'x'.repeat(1000)],
  ];

  it('should restore every text', async () => {
    for (const text of TEXTS) {
      const tokens = await tokenize(text);
      expect(await detokenize(tokens), JSON.stringify(text)).toBe(text);
      expect(tokens, 'text never becomes a special token').not.toContain(0);
    }
  });

  it('should split the empty text into nothing', async () => {
    expect(await ask<TokenizeAnswer>('/tokenize', { prompt: '' })).toEqual({ count: 0, max_model_len: 512, tokens: [], token_strs: null });
    expect(await detokenize([])).toBe('');
  });

  it('should count tokens, and return their text if it is requested', async () => {
    const { tokens, ...rest } = await ask<TokenizeAnswer>('/tokenize', { prompt: 'Once upon a time', return_token_strs: true });
    expect(tokens).toEqual([419, 429, 259, 395]);
    expect(rest).toEqual({ count: 4, max_model_len: 512, token_strs: ['Once', ' upon', ' a', ' time'] });
    const parts = await ask<TokenizeAnswer>('/tokenize', { prompt: '😀', return_token_strs: true });
    expect(parts.token_strs!.map((label) => label.replaceAll('bytes:', '').replaceAll('\\x', '')).join('')).toBe('f09f9880');
    for (const label of parts.token_strs!) expect(label).toMatch(/^bytes:(\\x[0-9a-f]{2})+$/);
  });

  it('should spell special tokens out', async () => {
    expect(await detokenize([419, 0, 429])).toBe('Once<|endoftext|> upon');
  });

  it('should replace invalid UTF-8', async () => {
    const [first] = await tokenize('😀');
    expect(await detokenize([first])).toBe('\ufffd');
    expect(await detokenize([first, 419])).toBe('\ufffdOnce');
    expect(await detokenize(await tokenize('a\ud800b'))).toBe('a\ufffdb');
  });
});

describe('/openapi.json', () => {
  interface Document {
    components: { schemas: Record<string, { properties?: Record<string, { default?: unknown; 'x-fallback'?: number }> }> };
  }

  it('should state what a field falls back to as a value, not only in its description', async () => {
    const { schemas } = (await get<Document>('/openapi.json')).components;
    const valuesOf = (schema: string, key: 'default' | 'x-fallback') =>
      Object.fromEntries(
        Object.entries(schemas[schema].properties!)
          .filter(([, property]) => key in property)
          .map(([name, property]) => [name, property[key]]),
      );
    const common = { n: 1, stream: false, store: false, return_token_ids: false, frequency_penalty: 0, presence_penalty: 0 };
    expect(valuesOf('CompletionRequest', 'default')).toEqual({ ...common, max_tokens: 16, echo: false });
    expect(valuesOf('ChatCompletionRequest', 'default')).toEqual({
      ...common,
      logprobs: false,
      add_generation_prompt: true,
      continue_final_message: false,
      parallel_tool_calls: false,
    });
    const penalties = { frequency_penalty: 0, presence_penalty: 0 };
    expect(valuesOf('ResponseRequest', 'default')).toEqual({
      ...penalties,
      background: false,
      store: false,
      stream: false,
      parallel_tool_calls: false,
    });
    expect(valuesOf('NextTokenRequest', 'default')).toEqual({ top_k: 10, answer_tokens: 0 });
    expect(valuesOf('EmbeddingsRequest', 'default')).toEqual({ encoding_format: 'float' });
    expect(valuesOf('TokenizeRequest', 'default')).toEqual({ add_special_tokens: true, return_token_strs: false });
    for (const schema of ['CompletionRequest', 'ChatCompletionRequest', 'ResponseRequest'])
      expect(valuesOf(schema, 'x-fallback')).toEqual({ temperature: 1, top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1 });
  });
});

describe('every answer', () => {
  it('should be readable by pages of any origin, as preflights say too', async () => {
    for (const { method, path } of knownRoutes()) {
      const preflight = await SELF.fetch(`http://edge${path.replace('{id}', 'x')}`, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://page.example',
          'access-control-request-method': method,
          'access-control-request-headers': 'content-type,authorization',
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
      expect(preflight.headers.get('access-control-allow-methods')).toContain(method);
      expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type,authorization');
    }
    const health = await SELF.fetch('http://edge/health', { headers: { origin: 'https://page.example' } });
    expect(health.headers.get('access-control-allow-origin')).toBe('*');
    expect(health.headers.get('access-control-expose-headers')).toContain('x-request-id');
  });

  it("should have a request id: the client's, or else a new one", async () => {
    const idOf = async (init?: RequestInit) => (await SELF.fetch('http://edge/health', init)).headers.get('x-request-id');
    const [first, second] = [await idOf(), await idOf()];
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    expect(await idOf({ headers: { 'x-request-id': 'mine-1' } })).toBe('mine-1');
  });

  it('should show that the Worker is up', async () => {
    expect(await get('/health')).toEqual({ status: 'ok' });
    expect((await SELF.fetch('http://edge/health', { method: 'HEAD' })).status).toBe(200);
  });
});

describe("OpenAI's own client", () => {
  const client = new OpenAI({
    baseURL: 'http://edge/v1',
    apiKey: 'unused',
    fetch: (url, init) => SELF.fetch(url as string, init),
    maxRetries: 0,
  });
  const model = 'tinystories-gpt2';
  const messages = [{ role: 'user' as const, content: 'Tell me a story about a cat.' }];
  const greedy = { model, temperature: 0, max_tokens: 8 };

  it('should stream a completion', async () => {
    const expected = (await complete({ ...greedy, prompt: 'Once upon a time' })).choices[0].text;
    let text = '';
    let tokens = 0;
    const stream = await client.completions.create({
      ...greedy,
      prompt: 'Once upon a time',
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? '';
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    expect(text).toBe(expected);
    expect(tokens).toBe(8);
  });

  it('should stream a chat and join its chunks', async () => {
    const expected = (await chat({ ...greedy, messages })).choices[0].message.content;
    const stream = client.chat.completions.stream({
      ...greedy,
      messages,
      logprobs: true,
      top_logprobs: 1,
      stream_options: { include_usage: true },
    });
    let text = '';
    stream.on('content', (delta) => {
      text += delta;
    });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0].message.content).toBe(expected);
    expect(text).toBe(expected);
    expect(final.choices[0].finish_reason).toBe('length');
    expect(final.choices[0].logprobs!.content).toHaveLength(8);
    expect(final.usage).toMatchObject({ prompt_tokens: 17, completion_tokens: 8, total_tokens: 25 });
  });

  it('should read whole answers with their request ids', async () => {
    const answer = await client.chat.completions.create({ ...greedy, messages, n: 2, user: 'someone', store: false, metadata: { a: 'b' } });
    expect(answer.choices).toHaveLength(2);
    expect(answer._request_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('should throw its typed errors', async () => {
    const missing = await client.completions.create({ model: 'gpt-4o', prompt: 'Hi' }).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({ status: 404, code: 'model_not_found', param: 'model', type: 'invalid_request_error' });
    const modalities: ('text' | 'audio')[] = ['text', 'audio'];
    const wrong = await client.chat.completions.create({ model, messages, modalities }).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(BadRequestError);
    expect(wrong).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'modalities' });
    expect((wrong as BadRequestError).message).toContain('gpt-edge does not support modalities.');
    const streamed = client.chat.completions.create({ model, messages, stream: true, temperature: 3 });
    await expect(streamed).rejects.toBeInstanceOf(BadRequestError);
  });

  it('should list and read models', async () => {
    const ids: string[] = [];
    for await (const { id, object } of client.models.list()) ids.push(`${object} ${id}`);
    expect(ids).toEqual(['model tinystories-gpt2']);
    expect(await client.models.retrieve(model)).toMatchObject({ id: model, owned_by: 'gpt-edge' });
  });
});
