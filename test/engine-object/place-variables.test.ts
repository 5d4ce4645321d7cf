import { describe, expect, it } from 'vitest';
import { parsePlace } from '../../src/engine-object/place-variables.ts';

describe('parsePlace', () => {
  it('should choose four objects if nothing is set', () => {
    expect(parsePlace({})).toEqual({ place: 'object', objectCount: 4 });
    expect(parsePlace({ ENGINE_PLACE: 'worker', ENGINE_OBJECTS: '1' })).toEqual({ place: 'worker', objectCount: 1 });
  });

  it.each([
    [{ ENGINE_PLACE: 'browser' }, 'ENGINE_PLACE must be object or worker, not "browser".'],
    [{ ENGINE_OBJECTS: '0' }, 'ENGINE_OBJECTS must be a whole number from 1 to 256, not "0".'],
    [{ ENGINE_OBJECTS: '' }, 'ENGINE_OBJECTS must be a whole number from 1 to 256, not "".'],
    [{ ENGINE_OBJECTS: '2.5' }, 'ENGINE_OBJECTS must be a whole number from 1 to 256, not "2.5".'],
  ])('should refuse %j', (vars, message) => {
    expect(() => parsePlace(vars)).toThrow(message);
  });
});
