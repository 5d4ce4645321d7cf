import { describe, expect, it } from 'vitest';
import { parsePastName, parsePresentName, pastName, presentName } from '../../src/core/onnx/decoder-io.ts';

describe('names of the KV cache', () => {
  it.each([0, 7, 10, 1023])('should be parsed as they are written: layer %i', (layer) => {
    for (const part of ['key', 'value'] as const) {
      expect(parsePastName(pastName({ layer, part }))).toEqual({ layer, part });
      expect(parsePresentName(presentName({ layer, part }))).toEqual({ layer, part });
    }
  });

  it.each(['past_key_values.01.key', 'past_key_values.12345.key', 'past_key_values.0.keys', 'past_key_values.key', 'input_ids', ''])(
    'should not be found in %j',
    (name) => {
      expect(parsePastName(name)).toBeUndefined();
      expect(parsePresentName(name.replace('past_key_values', 'present'))).toBeUndefined();
    },
  );
});
