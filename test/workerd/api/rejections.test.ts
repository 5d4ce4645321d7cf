import { SELF } from 'cloudflare:test';
import type { z } from '@hono/zod-openapi';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../../src/api/openai/schemas/bodies.ts';
import { ENGINE_PATH } from '../../../src/api/openai/schemas/engine-schema.ts';
import {
  UNSUPPORTED_COMPLETION_FIELDS,
  UNSUPPORTED_FIELDS,
  UNSUPPORTED_MESSAGE_FIELDS,
  UNSUPPORTED_NAMES,
} from '../../../src/api/openai/schemas/openai-fields.ts';
import { DEFAULT_MODEL, post, seedModel } from '../helpers.ts';
import { appOver, type Body, fieldsOf, knownRoutes } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const COMPLETIONS = '/v1/completions';
const CHATS = '/v1/chat/completions';
const NEXT_TOKEN = '/v1/next-token';
const DECISIONS = '/v1/decisions';
const EMBEDDINGS = '/v1/embeddings';

const messages = [{ role: 'user', content: 'Hi' }];
/** A valid request for each endpoint, to which a test adds one mistake. */
const GOOD: Record<string, Body> = {
  [COMPLETIONS]: { prompt: 'Hi', max_tokens: 1 },
  [CHATS]: { messages, max_tokens: 1 },
  '/v1/responses': { input: 'Hi', max_output_tokens: 1 },
  [NEXT_TOKEN]: { prompt: 'Hi' },
  [DECISIONS]: { input: 'Hi', questions: [{ type: 'predicate', instructions: 'It is late.' }] },
  [EMBEDDINGS]: { input: 'Hi' },
  '/tokenize': { prompt: 'Hi' },
  '/detokenize': { tokens: [1] },
};
const BODY_PATHS = Object.keys(GOOD);

/** The error object of an answer, which must have this status, every header and every field. */
async function errorOf(answer: Response, status = 400): Promise<ErrorBody['error']> {
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('x-request-id')).toBeTruthy();
  const { error, ...more } = JSON.parse(text) as ErrorBody;
  expect(more).toEqual({});
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(error.type).toBe(status < 500 ? 'invalid_request_error' : 'server_error');
  return error;
}

const refusal = async (path: string, mistake: Body, status = 400) => errorOf(await post(path, { ...GOOD[path], ...mistake }), status);

/** Invalid values of a numeric field, beyond both ends of its range among others, and the message for all of them. */
const WHOLE = (min: number, max: number) => ({
  values: [min - 1, max + 1, (min + max) / 2 + 0.25, '1', true, [1], {}],
  message: `must be a whole number from ${min} to ${max}`,
});
const NUMBER = (min: number, max: number) => ({
  values: [min - 0.001, max + 0.001, '1', true, [1], {}],
  message: `must be a number from ${min} to ${max}`,
});

type Numbers = Record<string, { values: unknown[]; message: string }>;
const SAMPLING_NUMBERS: Numbers = {
  n: WHOLE(1, 128),
  timeout_ms: WHOLE(1, 3_600_000),
  seed: {
    values: [-(2 ** 53), 2 ** 53, 0.5, '1', 1e300],
    message: `must be a whole number from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`,
  },
  temperature: NUMBER(0, 2),
  top_p: NUMBER(0, 1),
  top_k: WHOLE(0, 2 ** 20),
  min_p: NUMBER(0, 1),
  frequency_penalty: NUMBER(-2, 2),
  presence_penalty: NUMBER(-2, 2),
  repetition_penalty: NUMBER(0.01, 10),
};
const { n: _, ...RESPONSE_NUMBERS } = SAMPLING_NUMBERS;
const NUMBERS: Record<string, Numbers> = {
  [COMPLETIONS]: {
    ...SAMPLING_NUMBERS,
    max_tokens: WHOLE(0, 2 ** 20),
    logprobs: WHOLE(0, 20),
    prompt_logprobs: WHOLE(0, 20),
    best_of: WHOLE(1, 128),
  },
  [CHATS]: { ...SAMPLING_NUMBERS, max_tokens: WHOLE(1, 2 ** 20), max_completion_tokens: WHOLE(1, 2 ** 20), top_logprobs: WHOLE(0, 20) },
  [NEXT_TOKEN]: { top_k: WHOLE(1, 1000), answer_tokens: WHOLE(0, 2 ** 20) },
  [DECISIONS]: { timeout_ms: WHOLE(1, 3_600_000) },
  '/v1/responses': { ...RESPONSE_NUMBERS, max_output_tokens: WHOLE(1, 2 ** 20), top_logprobs: WHOLE(0, 20) },
  [EMBEDDINGS]: { dimensions: WHOLE(1, 2 ** 17) },
};

describe('numbers out of range', () => {
  const isNumeric = (schema: z.ZodType) => schema.safeParse(1).success;

  it.each(BODY_PATHS)('should be refused in every numeric field of %s', async (path) => {
    const numeric = Object.entries(fieldsOf(path)).filter(
      ([field, schema]) => isNumeric(schema) && !UNSUPPORTED_NAMES.has(field) && field !== 'max_tool_calls',
    );
    expect(numeric.map(([field]) => field).sort()).toEqual(Object.keys(NUMBERS[path] ?? {}).sort());
    for (const [field, { values, message }] of Object.entries(NUMBERS[path] ?? {}))
      for (const value of values)
        expect(await refusal(path, { [field]: value }), JSON.stringify(value)).toMatchObject({
          code: 'invalid_value',
          param: field,
          message: `Invalid ${field}: ${message}`,
        });
  });
});

describe('fields that are not part of the API', () => {
  it.each(BODY_PATHS)('should be refused by name at %s', async (path) => {
    expect(await refusal(path, { frobnicate: 1 })).toMatchObject({
      code: 'unknown_parameter',
      param: 'frobnicate',
      message: 'Unknown field frobnicate.',
    });
    // In an object literal, this key would set the prototype instead.
    const polluting = await post(path, {}, { body: JSON.stringify(GOOD[path]).replace(/^\{/, '{"__proto__":1,') });
    expect(await errorOf(polluting)).toMatchObject({ code: 'unknown_parameter', param: '__proto__' });
  });

  /** Values that ask for something: of the right type, of a wrong one, and almost one that asks for nothing. */
  const ASKING = ['x', 2, 0, ['x'], [null], [{}], { type: 'json_object' }, { type: 'text', more: 1 }, ['text', 'audio'], 'required', ' '];

  it.each([...UNSUPPORTED_NAMES])('should have a code of their own if OpenAI has them: %s', async (field) => {
    for (const path of field in UNSUPPORTED_COMPLETION_FIELDS ? [COMPLETIONS] : [COMPLETIONS, CHATS])
      for (const value of ASKING)
        expect(await refusal(path, { [field]: value }), JSON.stringify(value)).toEqual({
          code: 'unsupported_parameter',
          param: field,
          message: `gpt-edge does not support ${field}.`,
          type: 'invalid_request_error',
        });
  });

  it.each(Object.keys(UNSUPPORTED_MESSAGE_FIELDS))('should have the same code in a message: %s', async (field) => {
    for (const value of ASKING)
      expect(await refusal(CHATS, { messages: [{ ...messages[0], [field]: value }] }), JSON.stringify(value)).toMatchObject({
        code: 'unsupported_parameter',
        param: `messages[0].${field}`,
      });
  });

  it('should have the same code for what the model cannot do', async () => {
    expect(await refusal(COMPLETIONS, { suffix: ' the end.' })).toEqual({
      code: 'unsupported_parameter',
      param: 'suffix',
      message: 'The model tinystories-gpt2 has no fill-in-the-middle tokens: it continues a text, and cannot take a suffix.',
      type: 'invalid_request_error',
    });
  });

  it('should include all that clients commonly ask of OpenAI and that has an effect there', () => {
    for (const field of ['functions', 'function_call', 'audio', 'modalities']) expect(Object.keys(UNSUPPORTED_FIELDS)).toContain(field);
  });
});

describe('should refuse', () => {
  const stop = 'must be a string or up to 16 strings, of 1 to 256 characters each';
  const prompt = 'must be a string, token ids, or an array of up to 128 of either';
  const input = 'must be a text, token ids, or an array of up to 2048 of either';
  const content = 'must be a string or up to 64 parts of the type text';
  const bias = 'must be an object that maps token ids to numbers';
  const outside = 'token 4096 is outside of the vocabulary of tinystories-gpt2, which has 4096 tokens.';
  const withMessage = (change: Body) => ({ messages: [{ ...messages[0], ...change }] });
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };

  const cases: [path: string, mistake: Body, param: string, message: string][] = [
    [COMPLETIONS, { stop: new Array(17).fill('a') }, 'stop', stop],
    [COMPLETIONS, { stop: '' }, 'stop', 'a stop string must not be empty'],
    [COMPLETIONS, { stop: ['a', ''] }, 'stop[1]', 'a stop string must not be empty'],
    [COMPLETIONS, { stop: 'x'.repeat(257) }, 'stop', 'a stop string has at most 256 characters'],
    [COMPLETIONS, { stop: 1 }, 'stop', stop],
    [COMPLETIONS, { stop: [1] }, 'stop', stop],
    [COMPLETIONS, { prompt: [] }, 'prompt', prompt],
    [COMPLETIONS, { prompt: 1 }, 'prompt', prompt],
    [COMPLETIONS, { prompt: {} }, 'prompt', prompt],
    [COMPLETIONS, { prompt: ['a', 1] }, 'prompt', prompt],
    [COMPLETIONS, { prompt: [[1], 'a'] }, 'prompt', prompt],
    [COMPLETIONS, { prompt: [[]] }, 'prompt[0]', 'must not be empty'],
    [COMPLETIONS, { prompt: new Array(129).fill('a') }, 'prompt', prompt],
    [COMPLETIONS, { prompt: [4096] }, 'prompt', outside],
    [COMPLETIONS, { prompt: [[1], [2, 4096]] }, 'prompt', outside],
    [COMPLETIONS, { prompt: [-1] }, 'prompt[0]', 'must be a whole number from 0 to 1048575'],
    [COMPLETIONS, { prompt: [1.5] }, 'prompt', prompt],
    [COMPLETIONS, { logit_bias: { a: 1 } }, 'logit_bias.a', bias],
    [COMPLETIONS, { logit_bias: { '-1': 1 } }, 'logit_bias.-1', bias],
    [COMPLETIONS, { logit_bias: [1] }, 'logit_bias', bias],
    [COMPLETIONS, { logit_bias: { 4096: 1 } }, 'logit_bias', outside],
    [COMPLETIONS, { logit_bias: { 1: 100.5 } }, 'logit_bias.1', 'must be a number from -100 to 100'],
    [COMPLETIONS, { logit_bias: { 1: -100.5 } }, 'logit_bias.1', 'must be a number from -100 to 100'],
    [COMPLETIONS, { logit_bias: { 1: '5' } }, 'logit_bias.1', 'must be a number from -100 to 100'],
    [
      COMPLETIONS,
      { logit_bias: Object.fromEntries(Array.from({ length: 1025 }, (_, id) => [id, 1])) },
      'logit_bias',
      'has at most 1024 entries',
    ],
    [COMPLETIONS, { prompt: ['a', 'b'], n: 65 }, 'n', '2 prompts with n = 65 are 130 completions, and a request has at most 128.'],
    [
      COMPLETIONS,
      { prompt: ['a', 'b'], n: 1, best_of: 65 },
      'best_of',
      '2 prompts with best_of = 65 are 130 completions, and a request has at most 128.',
    ],
    [COMPLETIONS, { n: 2, best_of: 1 }, 'best_of', 'must be at least n'],
    [COMPLETIONS, { best_of: 2, stream: true }, 'best_of', 'must be n when stream is true'],
    [COMPLETIONS, { prompt_logprobs: 1, stream: true }, 'prompt_logprobs', 'not allowed when stream is true'],
    [COMPLETIONS, { suffix: 'x', echo: true }, 'suffix', 'not allowed when echo is true'],
    [COMPLETIONS, { suffix: 1 }, 'suffix', 'expected string, received number'],
    [COMPLETIONS, { stream_options: { include_usage: true } }, 'stream_options', 'only allowed when stream is true'],
    [COMPLETIONS, { stream: false, stream_options: {} }, 'stream_options', 'only allowed when stream is true'],
    [COMPLETIONS, { stream: true, stream_options: { include_obfuscation: true } }, 'stream_options.include_obfuscation', 'expected false'],
    [
      COMPLETIONS,
      { stream: true, stream_options: { include_usage: 1 } },
      'stream_options.include_usage',
      'expected boolean, received number',
    ],
    [COMPLETIONS, { stream: 'true' }, 'stream', 'expected boolean, received string'],
    [COMPLETIONS, { echo: 1 }, 'echo', 'expected boolean, received number'],
    [COMPLETIONS, { logprobs: true }, 'logprobs', 'must be a whole number from 0 to 20'],
    [COMPLETIONS, { model: 1 }, 'model', 'expected string, received number'],
    [COMPLETIONS, { user: 1 }, 'user', 'expected string, received number'],
    [COMPLETIONS, { metadata: 'x' }, 'metadata', 'expected record, received string'],
    [CHATS, { stream_options: { include_usage: true } }, 'stream_options', 'only allowed when stream is true'],
    [
      CHATS,
      { continue_final_message: true, add_generation_prompt: true },
      'continue_final_message',
      'not allowed when add_generation_prompt is true',
    ],
    [
      CHATS,
      { chat_template_kwargs: { messages: [] } },
      'chat_template_kwargs.messages',
      'is not the name of a variable, or has a meaning of its own',
    ],
    [
      CHATS,
      { chat_template_kwargs: { bos_token: '' } },
      'chat_template_kwargs.bos_token',
      'is not the name of a variable, or has a meaning of its own',
    ],
    [
      CHATS,
      { chat_template_kwargs: { 'a b': 1 } },
      'chat_template_kwargs.a b',
      'is not the name of a variable, or has a meaning of its own',
    ],
    [
      CHATS,
      { chat_template_kwargs: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, 1])) },
      'chat_template_kwargs',
      'has at most 32 entries',
    ],
    [CHATS, { chat_template_kwargs: 'x' }, 'chat_template_kwargs', 'expected record, received string'],
    [CHATS, { top_logprobs: 2 }, 'top_logprobs', 'only allowed when logprobs is true'],
    [CHATS, { top_logprobs: 0, logprobs: false }, 'top_logprobs', 'only allowed when logprobs is true'],
    [CHATS, { logprobs: 2 }, 'logprobs', 'expected boolean, received number'],
    [CHATS, { max_completion_tokens: 2 }, 'max_tokens', 'not allowed together with max_completion_tokens'],
    [CHATS, { stop: new Array(17).fill('a') }, 'stop', stop],
    [CHATS, { logit_bias: { 4096: 1 } }, 'logit_bias', outside],
    [CHATS, { messages: undefined }, 'messages', 'expected array, but it is missing'],
    [CHATS, { messages: [] }, 'messages', 'must not be empty'],
    [CHATS, { messages: 'Hi' }, 'messages', 'expected array, received string'],
    [CHATS, { messages: ['Hi'] }, 'messages[0]', 'expected object, received string'],
    [CHATS, { messages: new Array(1025).fill(messages[0]) }, 'messages', 'has at most 1024 messages'],
    [CHATS, withMessage({ role: 'function' }), 'messages[0].role', 'expected one of "system"|"developer"|"user"|"assistant"|"tool"'],
    [CHATS, withMessage({ role: undefined }), 'messages[0].role', 'expected one of "system"|"developer"|"user"|"assistant"|"tool"'],
    [CHATS, withMessage({ content: undefined }), 'messages[0].content', content],
    [CHATS, withMessage({ content: null }), 'messages[0].content', content],
    [CHATS, withMessage({ content: [] }), 'messages[0].content', 'must not be empty'],
    [CHATS, withMessage({ content: new Array(65).fill({ type: 'text', text: 'a' }) }), 'messages[0].content', content],
    [CHATS, withMessage({ content: [image] }), 'messages[0].content', content],
    [CHATS, withMessage({ content: [{ type: 'text', text: 'Hi' }, image] }), 'messages[0].content', content],
    [CHATS, withMessage({ refusal: 'no' }), 'messages[0].refusal', 'must be null or empty'],
    [EMBEDDINGS, { input: undefined }, 'input', input],
    [EMBEDDINGS, { input: null }, 'input', input],
    [EMBEDDINGS, { input: '' }, 'input', 'an empty text has no embedding'],
    [EMBEDDINGS, { input: ['a', ''] }, 'input[1]', 'an empty text has no embedding'],
    [EMBEDDINGS, { input: [] }, 'input', input],
    [EMBEDDINGS, { input: [[]] }, 'input[0]', 'must not be empty'],
    [EMBEDDINGS, { input: ['a', 1] }, 'input', input],
    [EMBEDDINGS, { input: new Array(2049).fill('a') }, 'input', input],
    [EMBEDDINGS, { input: [[1], [2, 4096]] }, 'input', outside],
    [EMBEDDINGS, { encoding_format: 'int8' }, 'encoding_format', 'expected one of "float"|"base64"'],
    [NEXT_TOKEN, { prompt: ['a'] }, 'prompt', 'must be a string or an array of token ids'],
    [NEXT_TOKEN, { prompt: [4096] }, 'prompt', outside],
    [NEXT_TOKEN, { prompt: [1], answer_tokens: 2 }, 'answer_tokens', 'there are 1 tokens in the prompt.'],
    [
      NEXT_TOKEN,
      { prompt: 'Once', answer_tokens: 1, response_format: { type: 'json_object' } },
      'answer_tokens',
      'these tokens do not begin an answer of that form.',
    ],
    ['/tokenize', { prompt: undefined }, 'prompt', 'expected string, but it is missing'],
    ['/tokenize', { prompt: null }, 'prompt', 'expected string, received null'],
    ['/tokenize', { add_special_tokens: 'no' }, 'add_special_tokens', 'expected boolean, received string'],
    ['/detokenize', { tokens: undefined }, 'tokens', 'expected array, but it is missing'],
    ['/detokenize', { tokens: [4096] }, 'tokens', outside],
    ['/detokenize', { tokens: [0, -1] }, 'tokens[1]', 'must be a whole number from 0 to 1048575'],
    ['/detokenize', { tokens: ['a'] }, 'tokens[0]', 'must be a whole number from 0 to 1048575'],
  ];

  it.each(cases.map(([path, mistake, ...expected]) => [path, JSON.stringify(mistake).slice(0, 60), mistake, ...expected] as const))(
    '%s with %s',
    async (path, _, mistake, param, message) => {
      expect(await refusal(path, mistake)).toEqual({
        code: 'invalid_value',
        param,
        message: `Invalid ${param}: ${message}`,
        type: 'invalid_request_error',
      });
    },
  );

  it('should name unsupported and unknown fields inside other fields', async () => {
    expect(await refusal(CHATS, withMessage({ audio: { id: 'sound' } }))).toMatchObject({
      code: 'unsupported_parameter',
      param: 'messages[0].audio',
      message: 'gpt-edge does not support messages[0].audio.',
    });
    expect(await refusal(CHATS, withMessage({ mood: 'good' }))).toMatchObject({ code: 'unknown_parameter', param: 'messages[0].mood' });
    expect(await refusal(COMPLETIONS, { stream: true, stream_options: { more: 1 } })).toMatchObject({
      code: 'unknown_parameter',
      param: 'stream_options.more',
    });
  });
});

describe('the context window', () => {
  const full = new Array<number>(512).fill(1);

  const code = 'context_length_exceeded';
  const limit = "This model's maximum context length is 512 tokens. However,";

  it("should be stated with both numbers, in OpenAI's words, if prompt and completion exceed it", async () => {
    const message = (prompt: number, completion: number) =>
      `${limit} you requested ${prompt + completion} tokens (${prompt} in your prompt; ${completion} for the completion). Please reduce your prompt; or completion length. (context_length_exceeded)`;
    const cases: [path: string, mistake: Body, param: string, message: string][] = [
      [COMPLETIONS, { prompt: [1, 2], max_tokens: 511 }, 'max_tokens', message(2, 511)],
      [COMPLETIONS, { prompt: full, max_tokens: 1 }, 'prompt', message(512, 1)],
      [COMPLETIONS, { prompt: [[1], full], stream: true }, 'prompt', message(512, 1)],
      [COMPLETIONS, { prompt: [...full, 1], max_tokens: 0 }, 'prompt', message(513, 0)],
      // The 16 tokens of the default do not fit, but no field says so: only the prompt can be shorter.
      [COMPLETIONS, { prompt: full.slice(10), max_tokens: undefined }, 'prompt', message(502, 16)],
      [NEXT_TOKEN, { prompt: full }, 'prompt', message(512, 1)],
    ];
    for (const [path, mistake, param, message] of cases) expect(await refusal(path, mistake)).toMatchObject({ code, param, message });
  });

  it("should be stated for chats, in OpenAI's words, naming the limit that was sent", async () => {
    const requested = new RegExp(
      `^${limit} you requested \\d+ tokens \\(\\d+ in the messages, 512 in the completion\\)\\. Please reduce the length of the messages or completion\\. \\(${code}\\)$`,
    );
    for (const field of ['max_tokens', 'max_completion_tokens'])
      for (const stream of [false, true])
        expect(await refusal(CHATS, { max_tokens: undefined, [field]: 512, stream })).toMatchObject({
          code,
          param: field,
          message: expect.stringMatching(requested),
        });
    const long = { messages: [{ role: 'user', content: 'a big cat '.repeat(300) }] };
    for (const max_tokens of [undefined, 1])
      expect(await refusal(CHATS, { ...long, max_tokens })).toMatchObject({
        code,
        param: 'messages',
        message: expect.stringMatching(
          new RegExp(`^${limit} your messages resulted in 9\\d\\d tokens\\. Please reduce the length of the messages\\. \\(${code}\\)$`),
        ),
      });
  });

  it('should accept a request that fills it exactly', async () => {
    for (const body of [
      { prompt: full, max_tokens: 0 },
      { prompt: full.slice(1), max_tokens: 1 },
    ])
      expect((await post(COMPLETIONS, body)).status).toBe(200);
    expect((await post(NEXT_TOKEN, { prompt: full.slice(1) })).status).toBe(200);
  });
});

describe('bodies', () => {
  const send = (path: string, body: BodyInit | null, headers: Record<string, string> = {}) =>
    SELF.fetch(`http://edge${path}`, { method: 'POST', body, headers });
  const json = { 'content-type': 'application/json' };

  it.each(BODY_PATHS)('should be refused at %s unless they are JSON', async (path) => {
    for (const body of ['', '{', '{"prompt": undefined}', "{'a': 1}", 'Hi'])
      expect(await errorOf(await send(path, body, json))).toMatchObject({
        code: 'invalid_json',
        param: null,
        message: 'The request body is not valid JSON.',
      });
    for (const [body, received] of [
      ['[]', 'array'],
      ['null', 'null'],
      ['"Hi"', 'string'],
    ])
      expect(await errorOf(await send(path, body, json))).toMatchObject({
        code: 'invalid_value',
        param: null,
        message: `Invalid request body: expected object, received ${received}`,
      });
  });

  it.each(BODY_PATHS)('should be refused at %s unless their content type is that of JSON', async (path) => {
    const good = JSON.stringify(GOOD[path]);
    const answers = [
      await send(path, good),
      await send(path, new TextEncoder().encode(good)),
      await send(path, null),
      await send(path, good, { 'content-type': 'text/json' }),
      await send(path, 'prompt=Hi', { 'content-type': 'application/x-www-form-urlencoded' }),
    ];
    for (const answer of answers)
      expect(await errorOf(answer, 415)).toMatchObject({
        code: 'unsupported_media_type',
        message: 'The request body must have the content type application/json.',
      });
    expect((await send(path, good, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it.each(BODY_PATHS)('should be refused at %s if they exceed 1 MiB, with and without a declared length', async (path) => {
    const large = JSON.stringify({ ...GOOD[path], user: 'x'.repeat(2 ** 20) });
    const chunks = new Blob([large]).stream();
    for (const body of [large, chunks])
      expect(await errorOf(await send(path, body as BodyInit, json), 413)).toMatchObject({
        code: 'request_too_large',
        message: 'The request body is larger than 1048576 bytes.',
      });
  });
});

describe('models, paths and methods', () => {
  it('should answer differently for an unknown model and an unknown path', async () => {
    for (const path of BODY_PATHS)
      expect(await refusal(path, { model: 'gpt-4o' }, 404)).toMatchObject({
        code: 'model_not_found',
        param: 'model',
        message: expect.stringContaining('gpt-4o'),
      });
    for (const id of ['gpt-4o', 'a%2Fb', '%E0%A4%A'])
      expect(await errorOf(await SELF.fetch(`http://edge/v1/models/${id}`), 404)).toMatchObject({
        code: 'model_not_found',
        param: 'model',
      });
    for (const path of ['/index.html', '/v1', '/v1/nothing', '/v1/models/a/b', '/nope'])
      expect(await errorOf(await SELF.fetch(`http://edge${path}`), 404)).toMatchObject({
        code: 'unknown_url',
        param: null,
        message: `There is no ${path} here.`,
      });
  });

  const routes = knownRoutes();
  /** Whether a route is there for others than the operator. */
  const isOpen = ({ path }: { path: string }) => !path.startsWith(ENGINE_PATH);
  const methodsOf = (path: string) => routes.filter((route) => route.path === path).map(({ method }) => method);
  const paths = [...new Set(routes.filter(isOpen).map(({ path }) => path))];
  it.each(paths.map((path) => [methodsOf(path), path] as const))('should allow only %j at %s', async (methods, path) => {
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((name) => !methods.includes(name))) {
      const body = other === 'GET' ? undefined : '{}';
      const answer = await SELF.fetch(`http://edge${path.replace('{id}', 'tinystories-gpt2')}`, { method: other, body });
      expect(answer.headers.get('allow')).toBe(allow);
      expect(await errorOf(answer, 405)).toMatchObject({
        code: 'method_not_allowed',
        message: expect.stringContaining(`${other} is not allowed at`),
      });
    }
  });
});

describe('a deployment that is not public', () => {
  const app = appOver(false);
  const ask = async (path: string, init?: RequestInit) => app.request(`http://edge${path}`, init);

  it('should answer 401 everywhere but at /health and /ready, including unknown paths and wrong methods', async () => {
    const targets: [string, string][] = [
      ...knownRoutes().map(({ method, path }): [string, string] => [method, path.replace('{id}', 'tinystories-gpt2')]),
      ...[['GET', '/nope'] as [string, string], ['GET', '/'] as [string, string], ['DELETE', COMPLETIONS] as [string, string]],
      ...[['GET', '/health/x'] as [string, string], ['GET', '/Health'] as [string, string], ['GET', '//v1/models/'] as [string, string]],
    ];
    for (const [method, path] of targets.filter(([, path]) => !['/health', '/ready'].includes(path))) {
      const body = method === 'POST' ? JSON.stringify(GOOD[path]) : undefined;
      const answer = await ask(path, {
        method,
        body,
        headers: { 'content-type': 'application/json', authorization: 'Bearer sk-anything' },
      });
      expect(answer.headers.get('www-authenticate'), path).toBe('Bearer');
      expect(await errorOf(answer, 401)).toMatchObject({
        code: 'unauthorized',
        param: null,
        message: expect.stringContaining(path.startsWith(ENGINE_PATH) ? 'OPERATOR_KEY' : 'PUBLIC = "true"'),
      });
    }
  });

  it('should still answer /health and preflights', async () => {
    expect(await (await ask('/health')).json()).toEqual({ status: 'ok' });
    const preflight = await ask(COMPLETIONS, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('should be the default of an app', async () => {
    const { createApp } = await import('../../../src/api/app.ts');
    const host = { ids: [], get: () => Promise.reject(new Error()), describe: () => Promise.reject(new Error()) };
    expect((await createApp({ host }).request('http://edge/v1/models')).status).toBe(401);
  });
});
