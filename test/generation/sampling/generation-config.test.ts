import { expect, it } from 'vitest';
import { parseGenerationConfig } from '../../../src/generation/sampling/generation-config.ts';

const parse = (config: unknown) => parseGenerationConfig(new TextEncoder().encode(JSON.stringify(config)));

it('should read the fields it knows and ignore the rest', () => {
  const config = { temperature: 0.8, top_k: 40, top_p: 0.95, min_p: 0.05, repetition_penalty: 1.1, do_sample: true, max_new_tokens: 200 };
  expect(parse(config)).toEqual({ temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, repetitionPenalty: 1.1 });
});

it('should keep zeros, and leave out what is null or absent', () => {
  expect(parse({ temperature: 0, top_k: 0, top_p: null })).toEqual({ temperature: 0, topK: 0 });
  expect(parse({})).toEqual({});
});

it.each([
  { temperature: -1 },
  { temperature: '1' },
  { top_k: -1 },
  { top_k: 1.5 },
  { top_p: 0 },
  { top_p: 1.01 },
  { min_p: -0.1 },
  { min_p: 2 },
  { repetition_penalty: 0 },
])('should refuse %j and name the field', (config) => {
  expect(() => parse(config)).toThrow(
    expect.objectContaining({
      code: 'unsupported_model',
      param: 'generation_config.json',
      message: expect.stringContaining(Object.keys(config)[0]),
    }),
  );
});

it.each([null, [], 'text', 3])('should refuse %j, which is not an object', (config) => {
  expect(() => parse(config)).toThrow(expect.objectContaining({ code: 'unsupported_model' }));
});

it('should refuse what is not JSON', () => {
  expect(() => parseGenerationConfig(new TextEncoder().encode('{"temperature":'))).toThrow(
    expect.objectContaining({ code: 'unsupported_model', param: 'generation_config.json' }),
  );
});
