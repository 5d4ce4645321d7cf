import { expect, it } from 'vitest';
import { logSumExp, scoreToken } from '../../../src/generation/sampling/log-probabilities.ts';
import { SeededRandom } from '../seeded-random.ts';
import { emptyLogits, logitsOf } from './reference-logits.ts';

it('should give probabilities that sum to 1', () => {
  const random = new SeededRandom(2);
  for (const spread of [0.01, 4, 60]) {
    const logits = random.logits(200, spread);
    const { top } = scoreToken(logitsOf(logits), 0, 200);
    expect(top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 6);
  }
});

it('should give the values of float64 to 6 digits', () => {
  const logits = Float32Array.of(0, 1, 3);
  const norm = Math.log(1 + Math.E + Math.E ** 3);
  expect(logSumExp(logitsOf(logits))).toBeCloseTo(norm, 6);
  const { id, logprob, top } = scoreToken(logitsOf(logits), 1, 2);
  expect(id).toBe(1);
  expect(logprob).toBeCloseTo(1 - norm, 6);
  expect(top.map((token) => token.id)).toEqual([2, 1]);
  expect(top[0].logprob).toBeCloseTo(3 - norm, 6);
  expect(top[1].logprob).toBe(logprob);
});

it('should stay finite with extreme logits', () => {
  expect(logSumExp(logitsOf(Float32Array.of(3e38, 3e38)))).toBe(Math.fround(3e38));
  expect(logSumExp(logitsOf(Float32Array.of(-1000, -1000)))).toBeCloseTo(-1000 + Math.log(2), 9);
  expect(logSumExp(logitsOf(Float32Array.of(-3e38, 0)))).toBe(0);
});

it('should give a token of logit -Infinity no probability', () => {
  expect(scoreToken(logitsOf(Float32Array.of(-Infinity, 2)), 0, 1)).toEqual({
    id: 0,
    logprob: -Infinity,
    rank: 2,
    top: [{ id: 1, logprob: 0 }],
  });
});

it('should report no alternatives for 0', () => {
  expect(scoreToken(logitsOf(Float32Array.of(0, 0)), 1, 0)).toEqual({ id: 1, logprob: -Math.log(2), rank: 2, top: [] });
});

it('should be within 1e-5 of float64 for a whole vocabulary, peaked or flat', () => {
  const random = new SeededRandom(6);
  const loaded = emptyLogits(49_152);
  for (const spread of [0.01, 1, 4, 20]) {
    for (const offset of [-100, 0, 30]) {
      const logits = random.logits(49_152, spread).map((logit) => logit + offset);
      loaded.load(logits);
      expect(Math.abs(logSumExp(loaded) - exactLogSumExp(logits))).toBeLessThan(1e-5);
    }
  }
});

function exactLogSumExp(logits: Float32Array): number {
  const max = logits.reduce((a, b) => Math.max(a, b));
  return max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
}
