import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRotary } from '../../../src/convert/architectures/rotary-config.ts';
import { rotaryWaves, rotatedSize } from '../../../src/convert/architectures/rotary-frequencies.ts';

interface Case {
  readonly parameters: Record<string, unknown>;
  readonly head_size: number;
  readonly positions: number;
  readonly frequencies: readonly number[];
  readonly amplitude: number;
}

const CASES = JSON.parse(readFileSync(join(import.meta.dirname, '../../golden/rotary-waves.json'), 'utf8')) as Case[];

function read(parameters: Record<string, unknown>, positions: number) {
  const rotary = readRotary({ rope_parameters: parameters, max_position_embeddings: positions });
  if ('message' in rotary) throw new Error(rotary.message);
  return rotary;
}

describe('rotaryWaves', () => {
  it.each(CASES)(
    "should be transformers', give or take the last bit: $parameters",
    ({ parameters, head_size, positions, frequencies, amplitude }) => {
      const waves = rotaryWaves(read(parameters, positions), { headSize: head_size, contextWindow: positions });
      expect(waves.frequencies).toHaveLength(frequencies.length);
      // PyTorch's power is not always the nearest float32.
      for (const [pair, frequency] of frequencies.entries())
        expect(Math.abs(waves.frequencies[pair] / frequency - 1), `pair ${pair}`).toBeLessThan(2 ** -23);
      expect(waves.amplitude).toBeCloseTo(amplitude, 14);
    },
  );

  it('should take the short factors of longrope for as many positions as the model was trained with, and refuse more', () => {
    const factors = { short_factor: [1, 2], long_factor: [3, 4], factor: 4, original_max_position_embeddings: 24 };
    const rotary = read({ rope_type: 'longrope', rope_theta: 100, ...factors }, 96);
    expect(rotaryWaves(rotary, { headSize: 4, contextWindow: 24 }).frequencies).toEqual([1, Math.fround(1 / 20)]);
    const refusal = 'rope_type "longrope" depends on whether a text has more than 24 tokens; a contextWindow of 24 does not';
    expect(() => rotaryWaves(rotary, { headSize: 4, contextWindow: 25 })).toThrow(refusal);
    expect(() => rotaryWaves(rotary, { headSize: 8, contextWindow: 24 })).toThrow('has 2 factors for 4 pairs');
  });

  it('should rotate only a part of a head if the factor says so', () => {
    const rotary = read({ rope_theta: 100, partial_rotary_factor: 0.25 }, 96);
    expect(rotatedSize(rotary, 24)).toBe(6);
    expect(rotaryWaves(rotary, { headSize: 24, contextWindow: 96 }).frequencies).toHaveLength(3);
    // A quarter of 20 is 5: transformers rotates three pairs, with frequencies spread over 5 values.
    expect(rotatedSize(rotary, 20)).toBe(6);
    const odd = [0, 2, 4].map((exponent) => Math.fround(1 / Math.fround(100 ** Math.fround(exponent / 5))));
    expect(rotaryWaves(rotary, { headSize: 20, contextWindow: 96 }).frequencies).toEqual(odd);
  });
});
