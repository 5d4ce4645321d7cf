import { describe, expect, it } from 'vitest';
import { philox, randomAt } from '../../../src/generation/sampling/random-at.ts';

describe('philox', () => {
  // Random123's tests/kat_vectors: philox4x32 with 10 rounds.
  it.each([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)('should give the published words for counter $counter', ({ counter, key, words }) => {
    expect(philox([...counter], [...key])).toEqual(words);
  });
});

describe('randomAt', () => {
  it('should be the first 53 bits that seed, position and choice select', () => {
    const [high, low] = philox([9, 2, 0, 0], [0x89abcdef, 0x1234]);
    const bits = (BigInt(high) << 32n) | BigInt(low);
    // 53 bits as 27 of the first word and 26 of the second.
    const expected = ((bits >> 37n) << 26n) | ((bits & 0xffff_ffffn) >> 6n);
    expect(randomAt(0x1234_89abcdef, 2, 9) * 2 ** 53).toBe(Number(expected));
  });

  it('should take a negative seed as its two’s complement', () => {
    const [high, low] = philox([0, 0, 0, 0], [0xffffffff, 0xffffffff]);
    expect(randomAt(-1, 0, 0)).toBe(((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53);
  });

  it('should differ by seed, choice and position', () => {
    const numbers = [
      ...[0, 1, -1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER].map((seed) => randomAt(seed, 0, 0)),
      ...[1, 2, 127].map((choice) => randomAt(0, choice, 0)),
      ...[1, 2, 2 ** 20].map((position) => randomAt(0, 0, position)),
    ];
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  });

  it.each(['seed', 'choice', 'position'])('should be uniform along each %s', (argument) => {
    const count = 20_000;
    const bins = new Array<number>(100).fill(0);
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const number = randomAt(argument === 'seed' ? index : 11, argument === 'choice' ? index : 0, argument === 'position' ? index : 5);
      bins[Math.floor(number * bins.length)]++;
      sum += number;
    }
    expect(Math.abs(sum / count - 0.5)).toBeLessThan(4 / Math.sqrt(12 * count));
    const chiSquare = bins.reduce((total, bin) => total + (bin - count / 100) ** 2 / (count / 100), 0);
    // 99 degrees of freedom: mean 99, standard deviation 14.
    expect(chiSquare).toBeGreaterThan(50);
    expect(chiSquare).toBeLessThan(165);
  });
});
