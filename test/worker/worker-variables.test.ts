import { describe, expect, it } from 'vitest';
import {
  parseCpuBudget,
  parseEngines,
  parseMemoryLimit,
  parseModelIds,
  parseSampling,
  parseScheduling,
} from '../../src/worker/worker-variables.ts';

const IDS = ['a', 'b'];

describe('parseEngines', () => {
  it('should choose automatically if the variables are not set', () => {
    expect(parseEngines({ KV_CACHE: '' }, IDS)('a')).toEqual({ engine: 'auto', cacheFormat: 'auto' });
  });

  it('should take one value for all models, and other values for some', () => {
    const engineOf = parseEngines({ ENGINE: 'edge, b=ort', KV_CACHE: 'a=q8', CONTEXT: '1024,b=auto' }, IDS);
    expect(engineOf('a')).toEqual({ engine: 'edge', cacheFormat: 'q8', contextWindow: 1024 });
    expect(engineOf('b')).toEqual({ engine: 'ort', cacheFormat: 'auto' });
  });

  it.each([
    [{ ENGINE: 'gpu' }, 'ENGINE must be auto, edge, ort, not "gpu".'],
    [{ KV_CACHE: 'a=f16' }, 'KV_CACHE must be auto, f32, q8, not "f16".'],
    [{ CONTEXT: '0' }, 'CONTEXT must be auto or a whole number from 1 to 1048576, not "0".'],
    [{ CONTEXT: 'a=1e3.5' }, 'CONTEXT must be auto or a whole number from 1 to 1048576, not "1e3.5".'],
    [{ ENGINE: 'c=ort' }, 'ENGINE names the model "c", which MODEL_IDS does not.'],
  ])('should refuse %j', (vars, message) => {
    expect(() => parseEngines(vars, IDS)).toThrow(message);
  });
});

describe('parseSampling', () => {
  it('should set nothing if the variable is not set', () => {
    expect(parseSampling(undefined, IDS)('a')).toEqual({});
    expect(parseSampling(' ', IDS)('a')).toEqual({});
  });

  it('should take options for all models, and others for some', () => {
    const samplingOf = parseSampling('temperature=0.2;top_p=0.9, b = temperature=0.7;top_k=-1', IDS);
    expect(samplingOf('a')).toEqual({ temperature: 0.2, topP: 0.9 });
    expect(samplingOf('b')).toEqual({ temperature: 0.7, topP: 0.9, topK: 0 });
  });

  it('should take commas between options for all models, as convert --sampling does', () => {
    expect(parseSampling('temperature=0.2,top_p=0.9', IDS)('a')).toEqual({ temperature: 0.2, topP: 0.9 });
  });

  it.each([
    ['temperature', 'SAMPLING: "temperature" is not of the form name=value.'],
    ['warmth=1', 'SAMPLING: "warmth" is not one of temperature, top_k, top_p, min_p, repetition_penalty.'],
    ['a=top_p=3', 'SAMPLING: top_p must be a number from 0 to 1, of which 0 and 1 keep all tokens, not "3".'],
    ['c=temperature=0.2', 'SAMPLING names the model "c", which MODEL_IDS does not.'],
  ])('should refuse %s', (text, message) => {
    expect(() => parseSampling(text, IDS)).toThrow(message);
  });
});

describe('parseModelIds', () => {
  it('should take ids that are separated by commas, each once', () => {
    expect(parseModelIds(' a, b,,a ')).toEqual(['a', 'b']);
  });

  it('should refuse an invalid id, and an empty list', () => {
    expect(() => parseModelIds('a,../b')).toThrow('MODEL_IDS must be model ids with commas between them, not "../b".');
    expect(() => parseModelIds(' ,')).toThrow('MODEL_IDS must be model ids with commas between them, not " ,".');
  });
});

describe('parseMemoryLimit', () => {
  it('should take a number of megabytes, and have a fallback', () => {
    expect([parseMemoryLimit('64.5'), parseMemoryLimit(undefined)]).toEqual([64.5, 128]);
  });

  it.each(['', '0', '-1', 'much', 'Infinity'])('should refuse %j', (text) => {
    expect(() => parseMemoryLimit(text)).toThrow(`MEMORY_LIMIT_MB must be a number of megabytes, not ${JSON.stringify(text)}.`);
  });
});

describe('parseScheduling', () => {
  it('should take a number of requests, a number of seconds and whether to draft, and have fallbacks', () => {
    expect(parseScheduling({})).toEqual({ queueLimit: 64, queueSeconds: 30, speculates: true });
    expect(parseScheduling({ QUEUE_LIMIT: '0', QUEUE_SECONDS: '2.5', SPECULATE: 'off' })).toEqual({
      queueLimit: 0,
      queueSeconds: 2.5,
      speculates: false,
    });
  });

  it.each([
    [{ QUEUE_LIMIT: '1.5' }, 'QUEUE_LIMIT must be a number of requests, not "1.5".'],
    [{ QUEUE_LIMIT: '' }, 'QUEUE_LIMIT must be a number of requests, not "".'],
    [{ QUEUE_SECONDS: '-1' }, 'QUEUE_SECONDS must be a number of seconds, not "-1".'],
    [{ SPECULATE: 'on' }, 'SPECULATE must be auto or off, not "on".'],
  ])('should refuse %j', (variables, message) => {
    expect(() => parseScheduling(variables)).toThrow(message);
  });
});

describe('CPU_BUDGET_MS', () => {
  it('should be a number of milliseconds, or no limit', () => {
    expect(parseCpuBudget(undefined)).toBeUndefined();
    expect(parseCpuBudget('unlimited')).toBeUndefined();
    expect(parseCpuBudget('300000')).toBe(300_000);
  });

  it.each(['', ' ', '0', '-1', '300001', 'much', 'NaN'])('should not be %j', (text) => {
    expect(() => parseCpuBudget(text)).toThrow(/CPU_BUDGET_MS must be/);
  });
});
