import { describe, expect, it } from 'vitest';
import { parseEngines, parseMemoryLimit, parseModelIds } from '../../src/worker/worker-variables.ts';

const IDS = ['a', 'b'];

describe('parseEngines', () => {
  it('should choose automatically if the variables are not set', () => {
    expect(parseEngines(undefined, '', IDS)('a')).toEqual({ engine: 'auto', cacheFormat: 'auto' });
  });

  it('should take one value for all models, and other values for some', () => {
    const engineOf = parseEngines('edge, b=ort', 'a=q8', IDS);
    expect(engineOf('a')).toEqual({ engine: 'edge', cacheFormat: 'q8' });
    expect(engineOf('b')).toEqual({ engine: 'ort', cacheFormat: 'auto' });
  });

  it('should refuse an unknown engine, an unknown format, and a model that is not served', () => {
    expect(() => parseEngines('gpu', '', IDS)).toThrow('ENGINE must be auto, edge, ort, not "gpu".');
    expect(() => parseEngines('', 'a=f16', IDS)).toThrow('KV_CACHE must be auto, f32, q8, not "f16".');
    expect(() => parseEngines('c=ort', '', IDS)).toThrow('ENGINE names the model "c", which MODEL_IDS does not.');
  });
});

describe('parseModelIds', () => {
  it('should take ids that are separated by commas, each once', () => {
    expect(parseModelIds(' a, b,,a ')).toEqual(['a', 'b']);
  });

  it('should refuse an invalid id, and an empty list', () => {
    expect(() => parseModelIds('a,../b')).toThrow('MODEL_IDS must name models with commas between, not "../b".');
    expect(() => parseModelIds(' ,')).toThrow('MODEL_IDS must name models with commas between, not " ,".');
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
