import { expect, it } from 'vitest';
import { topTokens } from '../../../src/generation/sampling/sampler.ts';
import { SeededRandom } from '../seeded-random.ts';
import { logitsOf } from './reference-logits.ts';

it('should equal a full sort, with the lower id first among equal scores', () => {
  const random = new SeededRandom(1);
  for (let round = 0; round < 300; round++) {
    const values = random.list(1 + random.integer(60), () => random.integer(8) - 4);
    const sorted = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
    const k = random.integer(values.length + 2);
    expect(topTokens(logitsOf(Float32Array.from(values)), k)).toEqual(sorted.slice(0, k));
  }
});

it('should give no token for 0, and all for more than there are', () => {
  expect(topTokens(logitsOf(Float32Array.of(1, 2)), 0)).toEqual([]);
  expect(topTokens(logitsOf(Float32Array.of(1, 2)), 5)).toEqual([1, 0]);
});

it('should rank -Infinity last', () => {
  expect(topTokens(logitsOf(Float32Array.of(-Infinity, -5, -Infinity)), 3)).toEqual([1, 0, 2]);
});

it('should equal a full sort of a large vocabulary with many equal scores, whatever their scale', () => {
  const random = new SeededRandom(9);
  for (const [scale, step] of [
    [1, 0],
    [1e-6, 0],
    [1e6, 0],
    [1, 0.25],
    [1, 20],
    [0, 0],
  ]) {
    const logits = random.logits(3000).map((x) => (step ? Math.round(x / step) * step : x * scale));
    const loaded = logitsOf(logits);
    const sorted = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
    for (const k of [1, 2, 40, 257, 1500, 2999, 3000]) expect(topTokens(loaded, k)).toEqual(sorted.slice(0, k));
  }
});

it('should find the best of tokens whose logits are far apart', () => {
  expect(topTokens(logitsOf(Float32Array.of(3e38, -3e38, 0, -Infinity, 1e-30)), 4)).toEqual([0, 4, 2, 1]);
});
