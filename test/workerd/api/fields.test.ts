import type { z } from '@hono/zod-openapi';
import { beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_PATH } from '../../../src/api/openai/schemas/engine-schema.ts';
import {
  type ignoredFields,
  UNSUPPORTED_COMPLETION_FIELDS,
  UNSUPPORTED_FIELDS,
  UNSUPPORTED_MESSAGE_FIELDS,
} from '../../../src/api/openai/schemas/openai-fields.ts';
import {
  INCLUDE_LOGPROBS,
  type ignoredResponseFields,
  UNSUPPORTED_RESPONSE_FIELDS,
} from '../../../src/api/openai/schemas/response-schema.ts';
import { DEFAULT_MODEL, post, projectJson, seedModel } from '../helpers.ts';
import { type Body, chat, complete, fieldsOf, knownRoutes, tokenize } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

/** Two requests that differ in one field only. Their answers must differ. */
interface Effect {
  /** Fields without which the tested one would show no effect. They replace those of the endpoint's base. */
  base?: Body;
  value: unknown;
  /** The field's value in the other request. @default the field of the endpoint's base, if any */
  instead?: unknown;
}

interface Endpoint {
  base: Body;
  effects: Record<string, Effect>;
  /** Fields that are accepted without effect, with a value for each. */
  ignored: Record<string, unknown>;
  /**
   * Fields that have tests elsewhere: those that do not change what is generated in `sharing.test.ts` and `sessions.test.ts`, and what the
   * default model cannot do.
   */
  elsewhere?: string[];
}

const IGNORED: Record<keyof typeof ignoredFields, unknown> = {
  metadata: { any: 'thing' },
  prompt_cache_options: { mode: 'explicit', ttl: '30m' },
  prompt_cache_retention: '24h',
  safety_identifier: 'someone',
  service_tier: 'auto',
  user: 'someone',
};

// The model's text repeats words, so penalties have an effect on it.
const sampling: Record<string, Effect> = {
  model: { value: 'another-model' },
  n: { value: 2 },
  stream: { value: true },
  stream_options: { base: { stream: true }, value: { include_usage: true } },
  stop: { value: [' a'] },
  seed: { value: 8 },
  temperature: { value: 2, instead: 0.1 },
  top_p: { base: { temperature: 2 }, value: 0.1 },
  top_k: { base: { temperature: 2, top_p: 1 }, value: 2 },
  min_p: { base: { temperature: 2, top_p: 1 }, value: 0.5 },
  frequency_penalty: { base: { temperature: 0, max_tokens: 40 }, value: 2 },
  presence_penalty: { base: { temperature: 0, max_tokens: 40 }, value: 2 },
  repetition_penalty: { base: { temperature: 0, max_tokens: 40 }, value: 2 },
  logit_bias: { base: { temperature: 0 }, value: { 12: -100 } },
  return_token_ids: { value: true },
  response_format: { value: { type: 'json_object' }, instead: { type: 'text' } },
  structured_outputs: { value: { choice: ['yes', 'no'] } },
  guided_json: { value: { type: 'array', items: { type: 'integer' }, maxItems: 3 } },
  guided_choice: { value: ['yes', 'no'] },
  guided_regex: { value: '[a-c]{4}' },
};

const samplingOf = (names: (keyof typeof sampling)[]) => Object.fromEntries(names.map((name) => [name, sampling[name]]));
const RESPONSE_IGNORED: Record<keyof typeof ignoredResponseFields, unknown> = {
  max_tool_calls: 3,
  prompt_cache_options: { mode: 'explicit', ttl: '30m' },
  prompt_cache_retention: '24h',
  service_tier: 'auto',
};
const RESPONSE_TOOLS = [{ type: 'function', name: 'stop_all' }];
const TOOLS = [{ type: 'function', function: { name: 'stop_all' } }];

const ENDPOINTS: Record<string, Endpoint> = {
  '/v1/completions': {
    base: { prompt: 'Once upon a time', max_tokens: 12, seed: 7 },
    effects: {
      ...sampling,
      prompt: { value: 'The dog' },
      max_tokens: { value: 5 },
      echo: { value: true },
      logprobs: { value: 20, instead: 5 },
      prompt_logprobs: { value: 20, instead: 1 },
      best_of: { base: { n: 2 }, value: 5, instead: 2 },
    },
    ignored: IGNORED,
    elsewhere: ['prompt_cache_key', 'timeout_ms', 'store', 'suffix'],
  },
  '/v1/chat/completions': {
    base: { messages: [{ role: 'user', content: 'Tell me a story about a cat.' }], max_tokens: 12, seed: 7 },
    effects: {
      ...sampling,
      logit_bias: { base: { temperature: 0 }, value: { 525: -100 } },
      messages: { value: [{ role: 'user', content: 'Tell me a story about a dog.' }], instead: [{ role: 'user', content: 'Hi.' }] },
      max_tokens: { value: 5 },
      max_completion_tokens: { base: { max_tokens: undefined }, value: 5, instead: 6 },
      logprobs: { value: true },
      top_logprobs: { base: { logprobs: true }, value: 2 },
      add_generation_prompt: { value: false, instead: true },
      continue_final_message: { value: true, instead: false },
      tools: { base: { tool_choice: 'auto' }, value: TOOLS, instead: [] },
      tool_choice: { base: { tools: TOOLS }, value: 'required', instead: 'auto' },
      parallel_tool_calls: { base: { tools: TOOLS, tool_choice: 'required', max_tokens: 100 }, value: true, instead: false },
    },
    ignored: IGNORED,
    elsewhere: ['prompt_cache_key', 'timeout_ms', 'prediction', 'store', 'chat_template_kwargs'],
  },
  '/v1/responses': {
    base: { input: 'Tell me a story about a cat.', max_output_tokens: 12, seed: 7 },
    effects: {
      ...samplingOf(['model', 'stream', 'seed', 'temperature', 'top_p', 'top_k', 'min_p']),
      frequency_penalty: { base: { temperature: 0, max_output_tokens: 40 }, value: 2 },
      presence_penalty: { base: { temperature: 0, max_output_tokens: 40 }, value: 2 },
      repetition_penalty: { base: { temperature: 0, max_output_tokens: 40 }, value: 2 },
      logit_bias: { base: { temperature: 0 }, value: { 525: -100 } },
      input: { value: 'Tell me a story about a dog.', instead: 'Hi.' },
      instructions: { value: 'Be kind.' },
      max_output_tokens: { value: 5, instead: 6 },
      metadata: { value: { any: 'thing' } },
      user: { value: 'someone' },
      safety_identifier: { value: 'someone' },
      text: { value: { format: { type: 'json_object' } } },
      tools: { value: RESPONSE_TOOLS },
      tool_choice: { base: { tools: RESPONSE_TOOLS }, value: 'required', instead: 'auto' },
      parallel_tool_calls: {
        base: { tools: RESPONSE_TOOLS, tool_choice: 'required', max_output_tokens: 100 },
        value: true,
        instead: false,
      },
      include: { value: [INCLUDE_LOGPROBS] },
      top_logprobs: { base: { include: [INCLUDE_LOGPROBS] }, value: 2 },
    },
    ignored: { ...RESPONSE_IGNORED, stream_options: {} },
    elsewhere: ['prompt_cache_key', 'timeout_ms', 'store', 'background', 'previous_response_id'],
  },
  '/v1/decisions': {
    base: {
      input: 'The dog was very happy.',
      questions: [{ type: 'choice', instructions: 'Who is it about?', choices: [{ value: 'a dog' }, { value: 'a cat' }] }],
    },
    effects: {
      model: { value: 'another-model' },
      input: { value: 'The cat was very sad.' },
      questions: { value: [{ type: 'predicate', instructions: 'The dog is happy.' }] },
      gpt_edge: { value: { calibrate: true } },
    },
    ignored: { prompt_cache_options: IGNORED.prompt_cache_options, safety_identifier: IGNORED.safety_identifier },
    elsewhere: ['prompt_cache_key', 'timeout_ms'],
  },
  '/v1/next-token': {
    base: { prompt: 'Once upon a time' },
    effects: {
      model: { value: 'another-model' },
      prompt: { value: 'The dog' },
      top_k: { value: 3 },
      response_format: { value: { type: 'json_object' }, instead: { type: 'text' } },
      answer_tokens: { base: { prompt: [91], top_k: 1000, response_format: { type: 'json_object' } }, value: 1 },
    },
    ignored: {},
  },
  '/v1/embeddings': {
    base: { input: 'Once upon a time' },
    effects: {
      model: { value: 'another-model' },
      input: { value: 'The dog', instead: 'The cat' },
      encoding_format: { value: 'base64', instead: 'float' },
    },
    ignored: { user: 'someone', dimensions: 256 },
  },
  '/tokenize': {
    base: { prompt: 'Once upon a time' },
    effects: { model: { value: 'another-model' }, prompt: { value: 'The dog', instead: 'The cat' }, return_token_strs: { value: true } },
    // The tokenizer of the default model puts nothing around a text. Tests of the tokenizer itself have one that does.
    ignored: { add_special_tokens: false },
  },
  '/detokenize': {
    base: { tokens: [419, 429] },
    effects: { model: { value: 'another-model' }, tokens: { value: [419], instead: [429] } },
    ignored: {},
  },
};

/** What is new in each answer, or depends on what came before. */
const VARYING =
  /"id":"(chat)?cmpl-[0-9a-f]+","created":\d+|"(id|item_id|call_id)":"\w+"|"(cached_tokens|created_at|completed_at)":\d+|,"gpt_edge":\{"multiply_adds"[^}]*\}/g;

/** An answer without its id and date, which are new each time, and without what was found in the cache. */
async function comparable(path: string, body: Body): Promise<string> {
  const answer = await post(path, body);
  const text = (await answer.text()).replaceAll(VARYING, '');
  return `${answer.status} ${answer.headers.get('content-type')} ${text}`;
}

const ok = async (path: string, body: Body): Promise<string> => {
  const answer = await comparable(path, body);
  expect(answer, JSON.stringify(body)).toMatch(/^200 /);
  return answer;
};

const isGeneration = (path: string) => path.endsWith('/completions');

/** The fields of an endpoint that ask for what it does not do, and values of them that ask for nothing. */
const unsupportedOf = (path: string): Record<string, readonly unknown[]> =>
  ({
    '/v1/completions': { ...UNSUPPORTED_FIELDS, ...UNSUPPORTED_COMPLETION_FIELDS },
    '/v1/chat/completions': UNSUPPORTED_FIELDS,
    '/v1/responses': UNSUPPORTED_RESPONSE_FIELDS,
  })[path] ?? {};

const acceptsNull = (schema: z.ZodType) => schema.safeParse(null).success;
const isOptional = (schema: z.ZodType) => schema.safeParse(undefined).success;

it('should have a test for every field of every endpoint', () => {
  // What only the operator may do is tested with the operator's key.
  const bodies = knownRoutes().filter(({ fields, path }) => fields && !path.startsWith(ENGINE_PATH));
  expect(bodies.map(({ path }) => path).sort()).toEqual(Object.keys(ENDPOINTS).sort());
  for (const { path, fields } of bodies) {
    const { effects, ignored, elsewhere = [] } = ENDPOINTS[path];
    const neutral = Object.keys(unsupportedOf(path));
    expect([...Object.keys(effects), ...Object.keys(ignored), ...elsewhere, ...neutral].sort(), path).toEqual(Object.keys(fields!).sort());
  }
});

describe.each(Object.entries(ENDPOINTS))('fields of %s', (path, { base: common, effects, ignored }) => {
  it.each(Object.entries(effects))('should change the answer: %s', async (field, { base, value, instead }) => {
    const with_ = { ...common, ...base, [field]: value };
    const without = { ...common, ...base, [field]: instead ?? common[field] };
    const answer = await comparable(path, with_);
    expect(await comparable(path, with_), 'the same request twice').toBe(answer);
    expect(await ok(path, without)).not.toBe(answer);
    expect(answer).toMatch(field === 'model' ? /^404 .*"model_not_found"/ : /^200 /);
  });

  it('should give the same answer with a field that has no effect', async () => {
    const plain = await ok(path, common);
    for (const [field, value] of Object.entries(ignored)) expect(await ok(path, { ...common, [field]: value }), field).toBe(plain);
  });

  it.runIf(isGeneration(path))('should give the same answer with values of unsupported fields that ask for nothing', async () => {
    const plain = await ok(path, common);
    for (const [field, values] of Object.entries(unsupportedOf(path)))
      for (const value of values) expect(await ok(path, { ...common, [field]: value }), `${field} ${value}`).toBe(plain);
    const all = Object.fromEntries(Object.entries(unsupportedOf(path)).map(([field, values]) => [field, values[0] ?? null]));
    expect(await ok(path, { ...common, ...all, metadata: {}, logit_bias: {}, stop: [], logprobs: false })).toBe(plain);
  });

  it('should treat null like an absent field if the field is optional', async () => {
    for (const [field, schema] of Object.entries(fieldsOf(path))) {
      expect(acceptsNull(schema), field).toBe(isOptional(schema));
      if (!acceptsNull(schema)) continue;
      // top_k of 1 makes it greedy, so that the answer does not depend on chance without a seed or temperature.
      const greedy = field === 'top_k' ? { temperature: 0 } : { top_k: 1 };
      const base: Body = 'seed' in common ? { ...common, ...greedy } : common;
      const { [field]: _, ...absent } = field === 'stream_options' ? { ...base, stream: true } : base;
      expect(await ok(path, { ...absent, [field]: null }), field).toBe(await ok(path, absent));
    }
  });
});

describe('the effect of single fields', () => {
  const given = { prompt: 'Once upon a time', max_tokens: 20, logprobs: 1 };
  const text = async (body: Body) => (await complete({ ...given, ...body })).choices[0].text;

  it('should take the most probable token with temperature 0, top_k 1, top_p 0 or min_p 1, for any seed', async () => {
    const greedy = await text({ temperature: 0 });
    for (const options of [{ top_k: 1 }, { top_p: 0 }, { min_p: 1 }, { temperature: 0 }])
      for (const seed of [1, 2]) expect(await text({ temperature: 2, ...options, seed }), JSON.stringify(options)).toBe(greedy);
  });

  it('should give different texts for frequency, presence and repetition penalty', async () => {
    const base = { prompt: ' very very very', max_tokens: 60, temperature: 0 };
    const texts = [{ frequency_penalty: 1 }, { presence_penalty: 1 }, { repetition_penalty: 1.5 }, {}];
    expect(new Set(await Promise.all(texts.map((penalty) => text({ ...base, ...penalty })))).size).toBe(4);
  });

  it('should never take a token with a bias of -100, and always take one with a bias of 100', async () => {
    const [comma] = await tokenize(',');
    expect(await text({ temperature: 0 })).toContain(',');
    expect(await text({ seed: 1, temperature: 2, top_p: 1, logit_bias: { [comma]: -100 } })).not.toContain(',');
    expect(await text({ seed: 1, temperature: 1, logit_bias: { [comma]: 100 } })).toBe(','.repeat(20));
  });

  it("should report the model's own log-probabilities with any sampling options", async () => {
    const plain = await complete({ ...given, max_tokens: 1, temperature: 0 });
    const odd = await complete({ ...given, max_tokens: 1, temperature: 0.5, top_k: 1, logit_bias: { 12: 3 }, repetition_penalty: 1.1 });
    expect(odd.choices[0].logprobs).toEqual(plain.choices[0].logprobs);
  });

  it('should return the completions of best_of that are the most probable per token, the best first', async () => {
    const base = { ...given, logprobs: 0, seed: 3, temperature: 1, top_p: 1 };
    const all = await complete({ ...base, n: 6 });
    const mean = ({ logprobs }: (typeof all.choices)[number]) => {
      const { token_logprobs } = logprobs!;
      return token_logprobs.reduce((sum: number, logprob) => sum + logprob!, 0) / token_logprobs.length;
    };
    const best = all.choices.toSorted((a, b) => mean(b) - mean(a)).slice(0, 2);
    const { choices, usage } = await complete({ ...base, n: 2, best_of: 6 });
    expect(choices).toEqual(best.map((choice, index) => ({ ...choice, index })));
    expect(usage!.completion_tokens).toBe(all.usage!.completion_tokens);
    const plain = await complete({ ...base, n: 2, best_of: 6, logprobs: null });
    expect(plain.choices).toEqual(choices.map((choice) => ({ ...choice, logprobs: null })));
    for (const best_of of [2, null]) expect((await complete({ ...base, n: 2, best_of })).choices).toEqual(all.choices.slice(0, 2));
  });

  it("should report the prompt's scores by token id as vLLM does, whether it echoes them or not", async () => {
    const prompt = await tokenize('Once upon a time');
    const [{ prompt_logprobs: scores, logprobs }] = (await complete({ prompt, max_tokens: 1, prompt_logprobs: 2 })).choices;
    expect(logprobs).toBeNull();
    expect(scores).toHaveLength(prompt.length);
    expect(scores![0]).toBeNull();
    const [{ logprobs: echoed, prompt_logprobs: again }] = (
      await complete({ prompt, max_tokens: 1, prompt_logprobs: 2, echo: true, logprobs: 5 })
    ).choices;
    expect(again).toEqual(scores);
    for (const [index, score] of scores!.entries()) {
      if (score === null) continue;
      const own = score[prompt[index]];
      expect(own.logprob).toBe(echoed!.token_logprobs[index]);
      const ranked = Object.values(score).toSorted((a, b) => a.rank - b.rank);
      expect(ranked.map(({ logprob }) => logprob)).toEqual(ranked.map(({ logprob }) => logprob).toSorted((a, b) => b - a));
      expect(ranked.slice(0, 2).map(({ rank }) => rank)).toEqual([1, 2]);
      expect(ranked.length).toBe(own.rank > 2 ? 3 : 2);
      for (const { decoded_token, logprob } of ranked.slice(0, 2)) expect(echoed!.top_logprobs[index]![decoded_token]).toBe(logprob);
    }
  });

  it('should score a prompt alone', async () => {
    const [{ text, logprobs, finish_reason }] = (await complete({ prompt: ' a big cat', echo: true, logprobs: 1, max_tokens: 0 })).choices;
    expect({ text, tokens: logprobs!.tokens, finish_reason }).toEqual({
      text: ' a big cat',
      tokens: [' a', ' big', ' cat'],
      finish_reason: 'length',
    });
  });

  it('should cut at the first of several stop strings', async () => {
    const greedy = await text({ temperature: 0 });
    expect(await text({ temperature: 0, stop: 'little' })).toBe(greedy.slice(0, greedy.indexOf('little')));
    expect(await text({ temperature: 0, stop: ['girl', 'little', 'zebra'] })).toBe(greedy.slice(0, greedy.indexOf('little')));
    expect(await text({ temperature: 0, stop: [] })).toBe(greedy);
    const absent = Array.from({ length: 15 }, (_, index) => `zebra ${index}`);
    expect(await text({ temperature: 0, stop: [...absent, 'little'] })).toBe(greedy.slice(0, greedy.indexOf('little')));
  });

  it('should accept both ends of every range', async () => {
    const ends: Body[] = [
      ...[{ temperature: 0 }, { temperature: 2 }, { top_p: 0 }, { top_p: 1 }, { min_p: 0 }, { min_p: 1 }, { top_k: 0 }, { top_k: 2 ** 20 }],
      ...[{ frequency_penalty: -2 }, { frequency_penalty: 2 }, { presence_penalty: -2 }, { presence_penalty: 2 }],
      ...[{ repetition_penalty: 0.01 }, { repetition_penalty: 10 }, { logit_bias: { 0: -100, 4095: 100 } }, { logit_bias: {} }],
      ...[{ seed: Number.MIN_SAFE_INTEGER }, { seed: Number.MAX_SAFE_INTEGER }, { seed: 0 }, { n: 1 }, { n: 128 }],
      ...[
        { logprobs: 0 },
        { logprobs: 20 },
        { prompt_logprobs: 0 },
        { best_of: 128 },
        { max_tokens: 0 },
        { max_tokens: 508 },
        { stop: 'x'.repeat(256) },
      ],
    ];
    for (const end of ends) await ok('/v1/completions', { prompt: 'Once upon a time', max_tokens: 1, ...end });
    for (const count of [0, 20])
      await ok('/v1/chat/completions', { ...ENDPOINTS['/v1/chat/completions'].base, logprobs: true, top_logprobs: count });
    for (const count of [1, 1000]) await ok('/v1/next-token', { top_k: count });
    for (const count of [1, 2048]) await ok('/v1/embeddings', { input: new Array(count).fill('a') });
  });
});

describe('nested fields', () => {
  const completions = '/v1/completions';
  const chats = '/v1/chat/completions';
  const keysOf = (schema: unknown) => Object.keys((schema as z.ZodObject).shape).sort();
  const { base } = ENDPOINTS[chats];

  it('should have a test for each field of stream_options', async () => {
    const { stream_options } = fieldsOf(completions) as { stream_options: z.ZodOptional<z.ZodNullable> };
    expect(keysOf(stream_options.unwrap().unwrap())).toEqual(['include_obfuscation', 'include_usage']);
    const streamed = { ...ENDPOINTS[completions].base, stream: true };
    const plain = await ok(completions, streamed);
    expect(await ok(completions, { ...streamed, stream_options: { include_usage: true } })).not.toBe(plain);
    for (const stream_options of [
      {},
      { include_usage: false },
      { include_usage: null },
      { include_obfuscation: false },
      { include_obfuscation: null },
    ])
      expect(await ok(completions, { ...streamed, stream_options })).toBe(plain);
  });

  it('should have a test for each field of a message', async () => {
    const { messages } = fieldsOf(chats) as { messages: z.ZodArray };
    const neutral = Object.entries(UNSUPPORTED_MESSAGE_FIELDS);
    expect(keysOf(messages.element)).toEqual(
      ['content', 'name', 'reasoning_content', 'refusal', 'role', 'tool_call_id', 'tool_calls', ...neutral.map(([field]) => field)].sort(),
    );
    const plain = await ok(chats, base);
    const [message] = base.messages as Body[];
    type Content = z.ZodOptional<z.ZodNullable<z.ZodUnion<[z.ZodString, z.ZodArray]>>>;
    const { content } = (messages.element as unknown as z.ZodObject<{ content: Content }>).shape;
    const [, parts] = content.unwrap().unwrap().options;
    expect(keysOf(parts.element)).toEqual(['prompt_cache_breakpoint', 'text', 'type']);
    for (const other of [{ role: 'assistant' }, { content: 'Hi' }])
      expect(await ok(chats, { ...base, messages: [{ ...message, ...other }] })).not.toBe(plain);
    const part = { type: 'text', text: message.content };
    const cached = { ...part, prompt_cache_breakpoint: { mode: 'explicit' } };
    const same: Body[] = [
      ...[
        { name: 'someone' },
        { name: null },
        { tool_calls: [] },
        { tool_calls: null },
        { tool_call_id: null },
        { tool_call_id: '' },
        { refusal: null },
        { reasoning_content: null },
        { reasoning_content: 'as the template of the default model does not show' },
        { refusal: '' },
        { content: [part] },
        { content: [cached] },
      ],
      ...neutral.flatMap(([field, values]) => [null, ...values].map((value) => ({ [field]: value }))),
      Object.fromEntries(neutral.map(([field]) => [field, null])),
    ];
    for (const fields of same) expect(await ok(chats, { ...base, messages: [{ ...message, ...fields }] })).toBe(plain);
  });
});

describe('defaults', () => {
  it("should be those of the model's generation_config.json", async () => {
    const { temperature, top_p } = await projectJson<Body>(`${DEFAULT_MODEL}/generation_config.json`);
    expect([temperature, top_p]).toEqual([0.8, 0.95]);
    for (const path of ['/v1/completions', '/v1/chat/completions']) {
      const { base } = ENDPOINTS[path];
      for (const seed of [7, 8, 9]) {
        const given = { ...base, seed, max_tokens: 40 };
        const plain = await ok(path, given);
        expect(await ok(path, { ...given, temperature, top_p })).toBe(plain);
        expect(await ok(path, { ...given, temperature: 1, top_p: 1 })).not.toBe(plain);
      }
    }
  });

  it.each<[string, Body, Body]>([
    ['/v1/completions', { prompt: [0] }, { prompt: undefined }],
    ['/v1/completions', { prompt: [0] }, { prompt: '' }],
    ['/v1/completions', { prompt: [[0]] }, { prompt: [''] }],
    ['/v1/completions', { max_tokens: 16 }, { max_tokens: undefined }],
    ['/v1/completions', { n: 1, stream: false, echo: false, logprobs: null, stop: [] }, {}],
    ['/v1/completions', { top_k: 0, min_p: 0, frequency_penalty: 0, presence_penalty: 0, repetition_penalty: 1, logit_bias: {} }, {}],
    ['/v1/completions', { model: 'tinystories-gpt2' }, {}],
    ['/v1/chat/completions', { n: 1, stream: false, logprobs: false, stop: [] }, {}],
    ['/v1/chat/completions', { logprobs: true, top_logprobs: 0 }, { logprobs: true }],
    ['/v1/chat/completions', { add_generation_prompt: true, continue_final_message: false, chat_template_kwargs: {} }, {}],
    ['/v1/chat/completions', { max_tokens: undefined, max_completion_tokens: 12 }, { max_tokens: 12 }],
    ['/v1/next-token', { prompt: [0], top_k: 10 }, { prompt: undefined }],
    ['/v1/embeddings', { input: ['Once upon a time'], encoding_format: 'float' }, {}],
    ['/tokenize', { add_special_tokens: true, return_token_strs: false }, {}],
  ])('should give the same answer at %s with %o as with %o', async (path, explicit, implicit) => {
    const { base } = ENDPOINTS[path];
    expect(await ok(path, { ...base, ...explicit })).toBe(await ok(path, { ...base, ...implicit }));
  });
});

describe('an own answer as history', () => {
  const question = { role: 'user', content: 'Tell me a story about a cat.' };
  const next = { role: 'user', content: 'Tell me a story about a dog.' };
  const ask = (messages: Body[]) => ok('/v1/chat/completions', { messages, max_tokens: 12, seed: 7 });

  it('should be accepted as it came, and as clients fill it up, with the same answer', async () => {
    const first = await chat({ messages: [question], max_tokens: 12, seed: 7 });
    const { message } = first.choices[0];
    const plain = await ask([question, { role: 'assistant', content: message.content }, next]);
    const filled = { annotations: [], audio: null, function_call: null, tool_calls: null, refusal: null, parsed: null };
    const empty = { annotations: null, audio: {}, function_call: {}, tool_calls: [], refusal: '', tool_call_id: null, name: null };
    for (const history of [message, { ...message, ...filled }, { ...message, ...empty }])
      expect(await ask([question, history, next])).toBe(plain);
  });
});
