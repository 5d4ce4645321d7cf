import { expect, it } from 'vitest';
import { topTokens } from '../../src/generation/top-tokens.ts';
import { SeededRandom } from './seeded-random.ts';

it('should equal a full sort, the lower id first where scores are equal', () => {
  const random = new SeededRandom(1);
  for (let round = 0; round < 300; round++) {
    const values = random.list(1 + random.integer(60), () => random.integer(8) - 4);
    const scores = round % 2 ? Float32Array.from(values) : Float64Array.from(values);
    const sorted = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
    const k = random.integer(values.length + 2);
    expect(topTokens(scores, k)).toEqual(sorted.slice(0, k));
  }
});

it('should give none for 0 and all for more than there are', () => {
  expect(topTokens(Float32Array.of(1, 2), 0)).toEqual([]);
  expect(topTokens(Float32Array.of(1, 2), 5)).toEqual([1, 0]);
  expect(topTokens(new Float32Array(), 3)).toEqual([]);
});

it('should rank -Infinity last', () => {
  expect(topTokens(Float32Array.of(-Infinity, -5, -Infinity), 3)).toEqual([1, 0, 2]);
});
