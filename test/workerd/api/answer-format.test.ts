import { beforeAll, describe, expect, it } from 'vitest';
import type { Completion } from '../../../src/api/openai/schemas/completion-schema.ts';
import { SchemaCompiler } from '../../../src/constrain/schema-compiler.ts';
import { SchemaDocument } from '../../../src/constrain/schema-document.ts';
import { TextState } from '../../../src/constrain/text-state.ts';
import { DEFAULT_MODEL, post, seedModel } from '../helpers.ts';
import { type Body, chat, chunksOf, complete } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 12 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    colour: { enum: ['red', 'green', 'blue'] },
    friends: { type: 'array', items: { type: 'string', pattern: '^[A-Z][a-z]{1,6}$' }, maxItems: 2 },
  },
  required: ['name', 'age', 'colour', 'friends'],
  additionalProperties: false,
};
const SCHEMAS: unknown[] = [
  PERSON,
  { type: 'array', items: { anyOf: [{ type: 'number' }, { type: 'null' }, { type: 'string', format: 'date' }] }, minItems: 1, maxItems: 3 },
  {
    $ref: '#/$defs/tree',
    $defs: {
      tree: {
        type: 'object',
        properties: { b: { type: 'array', items: { $ref: '#/$defs/tree' }, maxItems: 2 } },
        additionalProperties: false,
      },
    },
  },
];

const format = (schema: unknown, strict = false): Body => ({
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict } },
});
const request = (changes: Body): Body => ({ prompt: 'Once upon a time', max_tokens: 200, ...changes });

/** Whether an answer is a value of a schema; if it was cut, whether it is the beginning of one. */
function isValid(schema: unknown, text: string, finishReason: string | null): boolean {
  const part = new SchemaCompiler(new SchemaDocument(schema)).compile();
  const state = TextState.of(part).advance(new TextEncoder().encode(text.trimStart()));
  return finishReason === 'length' ? state !== undefined : (state?.isWhole ?? false);
}

describe('answers of a schema', () => {
  it.each(SCHEMAS)('should be valid at any temperature, whole and streamed: %j', async (schema) => {
    let whole = 0;
    for (let seed = 0; seed < 10; seed++) {
      const body = request({ ...format(schema, seed % 2 === 0), seed, temperature: seed / 5, top_k: seed % 3 === 0 ? 5 : 0 });
      const { choices } = await complete(body);
      const [{ text, finish_reason }] = choices;
      expect(isValid(schema, text, finish_reason), text).toBe(true);
      if (finish_reason === 'stop') whole++;
      const chunks = await chunksOf<Completion>('/v1/completions', body);
      expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe(text);
    }
    expect(whole).toBeGreaterThan(0);
  });

  it('should be valid for each of several choices, with penalties and a bias', async () => {
    const { choices } = await complete(
      request({ ...format(PERSON), n: 4, seed: 1, temperature: 1.5, presence_penalty: 2, frequency_penalty: 1, logit_bias: { 12: 50 } }),
    );
    for (const { text, finish_reason } of choices) expect(isValid(PERSON, text, finish_reason), text).toBe(true);
  });

  it('should have the properties in their order if the schema is strict', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { choices } = await complete(request({ ...format(PERSON, true), seed, temperature: 2 }));
      const keys = [...choices[0].text.matchAll(/"(name|age|colour|friends)"\s*:/g)].map(([, key]) => key);
      expect(['name', 'age', 'colour', 'friends'].slice(0, keys.length)).toEqual(keys);
    }
  });

  it('should not depend on what else is decoded at the same time', async () => {
    const body = request({ ...format(PERSON), seed: 3, temperature: 1 });
    const alone = (await complete(body)).choices[0].text;
    const together = await Promise.all([body, request({ seed: 4 }), body, request({ guided_regex: '[a-z ]{30}', seed: 5 })].map(complete));
    expect(together[0].choices[0].text).toBe(alone);
    expect(together[2].choices[0].text).toBe(alone);
  });

  it('should come from chats as well', async () => {
    const { choices } = await chat({ messages: [{ role: 'user', content: 'Who is it?' }], max_tokens: 200, seed: 1, ...format(PERSON) });
    const [{ message, finish_reason }] = choices;
    expect(isValid(PERSON, message.content!, finish_reason), message.content!).toBe(true);
  });
});

describe('other forms of answers', () => {
  it('should be an object for json_object', async () => {
    const { choices } = await complete(request({ response_format: { type: 'json_object' }, seed: 2 }));
    expect(choices[0].text.trimStart()).toMatch(/^\{/);
    expect(isValid({ type: 'object' }, choices[0].text, choices[0].finish_reason)).toBe(true);
  });

  it('should be one of the choices, and end with it', async () => {
    for (const field of [{ guided_choice: ['red', 'green', 'greenish'] }, { structured_outputs: { choice: ['red', 'green', 'greenish'] } }])
      for (let seed = 0; seed < 5; seed++) {
        const { choices } = await complete(request({ ...field, seed, temperature: 2 }));
        expect(['red', 'green', 'greenish']).toContain(choices[0].text);
        expect(choices[0].finish_reason).toBe('stop');
      }
  });

  it('should match a regular expression as a whole', async () => {
    for (const field of [{ guided_regex: '[ab]{3}-[0-9]+' }, { structured_outputs: { regex: '[ab]{3}-[0-9]+' } }]) {
      const { choices } = await complete(request({ ...field, seed: 1, max_tokens: 60 }));
      expect(choices[0].text).toMatch(choices[0].finish_reason === 'stop' ? /^[ab]{3}-[0-9]+$/ : /^[ab]{0,3}(-[0-9]*)?$/);
    }
  });
});

describe('what cannot be enforced', () => {
  const refused = async (fields: Body) => {
    const answer = await post('/v1/completions', request(fields));
    expect(answer.status).toBe(400);
    return (await answer.json<{ error: { code: string; type: string; param: string; message: string } }>()).error;
  };

  it.each([
    [format({ type: 'object', not: {} }), 'response_format', 'the keyword "not" is not supported'],
    [format({ type: 'string', pattern: '(?=a)' }), 'response_format', 'at pattern'],
    [format({ properties: { a: { type: 'text' } } }), 'response_format', 'at properties.a.type'],
    [format({ $ref: 'https://example.com/schema' }), 'response_format', 'not a reference of the form #/'],
    [format(false), 'response_format', 'no value satisfies it'],
    [{ guided_regex: '(' }, 'guided_regex', 'a parenthesis is not closed'],
    [{ guided_choice: [] }, 'guided_choice', 'A choice is made among 1 to 1000 texts'],
    [{ structured_outputs: { json: { minimum: 'a' } } }, 'structured_outputs.json', 'it is a number'],
    [{ guided_choice: ['a'], guided_regex: 'a' }, 'guided_regex', 'not allowed together with guided_choice'],
    [{ response_format: { type: 'grammar' } }, 'response_format', 'must have the type text, json_object or json_schema'],
  ])('should be refused by name: %j', async (fields, param, message) => {
    const error = await refused(fields as Body);
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_value' });
    expect(error.param).toContain(param);
    expect(error.message).toContain(message);
  });
});
