import { expect, it } from 'vitest';
import { rotaryFrequencies } from '../../../src/convert/architectures/rotary-frequencies.ts';

it.each([
  { theta: 10_000, expected: [1, 0.10000000149011612, 0.009999999776482582, 0.0010000000474974513] },
  {
    theta: 500,
    llama3: { factor: 4, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 32 },
    // The short waves are unchanged, two are blended, and the others are stretched.
    expected: [
      1, 0.36738044023513794, 0.10600396990776062, 0.03874797374010086, 0.020813830196857452, 0.011180340312421322, 0.006005621515214443,
      0.003225975437089801, 0.0017328619724139571, 0.0009308228618465364,
    ],
  },
])('should equal the inv_freq of transformers to the last bit, with theta $theta', ({ theta, llama3, expected }) => {
  expect(rotaryFrequencies({ theta, llama3 }, 2 * expected.length)).toEqual(expected);
});
