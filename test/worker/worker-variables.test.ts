import { describe, expect, it } from 'vitest';
import { parseEngines } from '../../src/worker/worker-variables.ts';

const IDS = ['a', 'b'];

describe('parseEngines', () => {
  it('should choose by itself where nothing is said', () => {
    expect(parseEngines(undefined, '', IDS)('a')).toEqual({ engine: 'auto', cacheFormat: 'auto' });
  });

  it('should take one value for all models, and others for some', () => {
    const engineOf = parseEngines('edge, b=ort', 'a=q8', IDS);
    expect(engineOf('a')).toEqual({ engine: 'edge', cacheFormat: 'q8' });
    expect(engineOf('b')).toEqual({ engine: 'ort', cacheFormat: 'auto' });
  });

  it('should refuse what is no engine, no format, and no served model', () => {
    expect(() => parseEngines('gpu', '', IDS)).toThrow('ENGINE must be auto, edge, ort, not "gpu".');
    expect(() => parseEngines('', 'a=f16', IDS)).toThrow('KV_CACHE must be auto, f32, q8, not "f16".');
    expect(() => parseEngines('c=ort', '', IDS)).toThrow('ENGINE names the model "c", which MODEL_IDS does not.');
  });
});
