import { describe, expect, it } from 'vitest';
import { sample, topTokens } from '../../src/generation/sampling/sampler.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/sampling/sampling-options.ts';
import { LogitsBuffer } from '../../src/runtime/logits-buffer.ts';
import { emptyLogits } from '../generation/sampling/reference-logits.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { modules } from '../kernels/compare.ts';

const SIZES = [1, 2, 3, 50, 63, 64, 65, 129, 1000];

describe.each(Object.entries(modules))('LogitsBuffer on the %s build', (_, compiled) => {
  it.each(SIZES)('should choose, keep, score and rank as the reference kernels do, bit for bit, in a vocabulary of %i', (size) => {
    const random = new SeededRandom(size);
    const buffers = [LogitsBuffer.allocate(size, compiled), emptyLogits(size)];
    for (let round = 0; round < 40; round++) {
      const logits = random.logits(size, random.pick([0.1, 1, 5]));
      const bias = random.integer(size);
      const options = {
        ...SAMPLING_DEFAULTS,
        temperature: random.pick([0, 0.3, 1, 1e9]),
        topK: random.pick([0, 1 + random.integer(size)]),
        topP: random.pick([1, random.next()]),
        minP: random.pick([0, random.next() / 3]),
      };
      const point = random.next();
      const [actual, expected] = buffers.map((buffer) => {
        buffer.load(logits);
        buffer.values[bias] -= 100;
        const id = sample(buffer, options, point);
        return { id, weights: buffer.weights.slice(), sum: buffer.exponentials(1), top: topTokens(buffer, 20) };
      });
      expect(actual.id).toBe(expected.id);
      expect(actual.sum).toBe(expected.sum);
      expect(actual.top).toEqual(expected.top);
      if (options.temperature > 0) expect(actual.weights).toEqual(expected.weights);
      expect(actual.id).toBeGreaterThanOrEqual(0);
      expect(actual.id).toBeLessThan(size);
    }
  });
});

/** Weights by temperature in float64, and the ranking that they come in. */
function reference(logits: Float32Array, temperature: number) {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - max) / temperature));
  const ranking = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
  return { weights, ranking, total: weights.reduce((sum, weight) => sum + weight, 0) };
}

describe('sums and top_p on whole vocabularies', () => {
  const cases = [50, 1000, 4096, 49_152, 60_000].flatMap((size) => [0.02, 0.5, 2, 8].map((spread) => ({ size, spread })));

  it.each(cases)('should agree with float64 in a vocabulary of $size and a spread of $spread', ({ size, spread }) => {
    const random = new SeededRandom(size * spread);
    const buffer = LogitsBuffer.allocate(size, modules.plain);
    for (const temperature of [0.7, 1, 1.5]) {
      const logits = random.logits(size, spread);
      const { weights, ranking, total } = reference(logits, temperature);
      buffer.load(logits);
      expect(Math.abs(buffer.exponentials(temperature) / total - 1)).toBeLessThan(1e-6);
      for (const topP of [0.001, 0.5, 0.9, 0.99, random.next()]) {
        const id = sample(buffer, { ...SAMPLING_DEFAULTS, temperature, topP }, random.next());
        const kept = ranking.filter((token) => buffer.weights[token] > 0);
        expect(kept).toContain(id);
        // They are the beginning of the ranking, reach top_p, and would not without their last.
        expect(kept).toEqual(ranking.slice(0, kept.length));
        const mass = kept.reduce((sum, token) => sum + weights[token], 0) / total;
        const withoutLast = mass - weights[kept[kept.length - 1]] / total;
        expect(mass).toBeGreaterThan(topP - 1e-6);
        expect(withoutLast).toBeLessThan(topP + 1e-6);
      }
    }
  });

  it('should keep the lower ids of a large vocabulary of equal tokens', () => {
    const buffer = LogitsBuffer.allocate(40_000, modules.plain);
    buffer.load(new Float32Array(40_000).fill(-3));
    sample(buffer, { ...SAMPLING_DEFAULTS, topP: 0.25 }, 0.5);
    expect(buffer.weights.findLastIndex((weight) => weight > 0)).toBe(9999);
    expect(buffer.weights.indexOf(0)).toBe(10_000);
    sample(buffer, { ...SAMPLING_DEFAULTS, topK: 500 }, 0.5);
    expect(buffer.weights.indexOf(0)).toBe(500);
  });

  it('should choose tokens as often as they are probable', () => {
    const random = new SeededRandom(8);
    const logits = random.logits(5000, 1);
    const { weights, total } = reference(logits, 1);
    const buffer = LogitsBuffer.allocate(5000, modules.plain);
    buffer.load(logits);
    let end = 0;
    for (const [id, weight] of weights.entries()) {
      end += weight;
      if (id % 50 === 0) expect(sample(buffer, SAMPLING_DEFAULTS, (end - weight / 2) / total)).toBe(id);
    }
  });
});
