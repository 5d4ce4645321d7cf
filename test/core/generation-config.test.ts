import { describe, expect, it } from 'vitest';
import {
  parseGenerationConfig,
  parseSamplingText,
  parseSequenceTokens,
  toRecommendedSampling,
} from '../../src/core/folder/generation-config.ts';

const bytesOf = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
const parse = (config: unknown) => parseGenerationConfig(bytesOf(config));

describe('generation_config.json', () => {
  it('should be read for the fields it knows, and the rest ignored', () => {
    const config = { temperature: 0.8, top_k: 40, top_p: 0.95, min_p: 0.05, repetition_penalty: 1.1, do_sample: true, max_new_tokens: 200 };
    expect(parse(config)).toEqual({ temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, repetitionPenalty: 1.1 });
  });

  it('should keep zeros, and leave out what is null or absent', () => {
    expect(parse({ temperature: 0, top_k: 0, min_p: 0, top_p: null, do_sample: null })).toEqual({ temperature: 0, topK: 0, minP: 0 });
    expect(parse({ temperature: null, top_k: null, min_p: null, repetition_penalty: null })).toEqual({});
    expect(parse({})).toEqual({});
  });

  it('should be off where the field says so', () => {
    expect(parse({ top_k: -1 })).toEqual({ topK: 0 });
    expect(parse({ top_p: 0 })).toEqual({ topP: 1 });
    expect(parse({ top_p: 1, repetition_penalty: 1 })).toEqual({ topP: 1, repetitionPenalty: 1 });
  });

  it('should choose the most probable token where it says that nothing is sampled', () => {
    expect(parse({ do_sample: false, temperature: 0.7 })).toEqual({ temperature: 0 });
    expect(parse({ do_sample: false, temperature: 0 })).toEqual({ temperature: 0 });
    expect(parse({ do_sample: false })).toEqual({ temperature: 0 });
  });

  it.each([
    [{ temperature: -1 }, 'temperature is -1, and must be a number from 0 to 100'],
    [{ temperature: 101 }, 'temperature is 101'],
    [{ temperature: '1' }, String.raw`temperature is "\"1\"", and must be a number`],
    [{ top_k: -2 }, 'top_k is -2, and must be a whole number, of which 0 and -1 keep all tokens'],
    [{ top_k: 1.5 }, 'top_k is 1.5'],
    [{ top_p: -0.1 }, 'top_p is -0.1, and must be a number from 0 to 1, of which 0 and 1 keep all tokens'],
    [{ top_p: 1.01 }, 'top_p is 1.01'],
    [{ min_p: -0.1 }, 'min_p is -0.1'],
    [{ min_p: 2 }, 'min_p is 2'],
    [{ repetition_penalty: 0 }, 'repetition_penalty is 0, and must be a number above 0'],
    [{ do_sample: 'no' }, 'do_sample is'],
  ])('should be refused by file and field: %j', (config, message) => {
    expect(() => parse(config)).toThrow(
      expect.objectContaining({
        code: 'unsupported_model',
        param: 'generation_config.json',
        message: expect.stringContaining(`generation_config.json: ${message}`),
      }),
    );
  });

  it.each([null, [], 'text', 3])('should be refused if it is %j, which is not an object', (config) => {
    expect(() => parse(config)).toThrow(expect.objectContaining({ code: 'unsupported_model' }));
  });

  it.each(['{"temperature":', '{"temperature": NaN}', '{"temperature": Infinity}'])('should be refused if it is not JSON: %s', (text) => {
    expect(() => parseGenerationConfig(new TextEncoder().encode(text))).toThrow('generation_config.json: is not JSON in UTF-8');
  });
});

describe('the tokens that begin and end a text', () => {
  it('should come from generation_config.json, and from config.json where that says nothing', () => {
    const config = bytesOf({ bos_token_id: 1, eos_token_id: 2 });
    expect(parseSequenceTokens({ config })).toEqual({ bosTokenId: 1, eosTokenIds: [2] });
    expect(parseSequenceTokens({ config, generation: bytesOf({ eos_token_id: [3, 4] }) })).toEqual({ bosTokenId: 1, eosTokenIds: [3, 4] });
    expect(parseSequenceTokens({})).toEqual({ bosTokenId: null, eosTokenIds: [] });
  });

  it('should be refused if they are not counts', () => {
    expect(() => parseSequenceTokens({ config: bytesOf({ eos_token_id: [1, -1] }) })).toThrow(/^config\.json: eos_token_id/);
  });
});

describe('sampling options as text', () => {
  it('should be read with any white space, and off where the field says so', () => {
    const options = parseSamplingText(' temperature = 0.2 ,top_p=0.9,top_k=-1,', ',');
    expect(options).toEqual({ temperature: 0.2, top_p: 0.9, top_k: -1 });
    expect(toRecommendedSampling(options)).toEqual({ temperature: 0.2, topP: 0.9, topK: 0 });
  });

  it.each([
    ['temperature', '"temperature" is not of the form name=value.'],
    ['temperature=', '"temperature=" is not of the form name=value.'],
    ['temp=1', '"temp" is not one of temperature, top_k, top_p, min_p, repetition_penalty.'],
    ['temperature=warm', 'temperature must be a number from 0 to 100, not "warm".'],
    ['top_p=2', 'top_p must be a number from 0 to 1, of which 0 and 1 keep all tokens, not "2".'],
    ['constructor=1', '"constructor" is not one of'],
  ])('should be refused: %s', (text, message) => {
    expect(() => parseSamplingText(text, ',')).toThrow(message);
  });
});
