import { describe, expect, it } from 'vitest';
import { VocabularyMath } from '../../../src/generation/sampling/logits.ts';
import { sample } from '../../../src/generation/sampling/sampler.ts';
import { SAMPLING_DEFAULTS } from '../../../src/generation/sampling/sampling-options.ts';
import { topTokens } from '../../../src/generation/sampling/top-tokens.ts';
import { modules } from '../../kernels/compare.ts';
import { SeededRandom } from '../seeded-random.ts';
import { plainVocabularyMath } from './reference-logits.ts';

const SIZES = [1, 2, 3, 50, 63, 64, 65, 129, 1000];

describe.each(Object.entries(modules))('VocabularyMath on the %s build', (_, compiled) => {
  it.each(SIZES)('should choose, keep, score and rank as the reference does, bit for bit, in a vocabulary of %i', (size) => {
    const random = new SeededRandom(size);
    const maths = [VocabularyMath.compiled(size, compiled), plainVocabularyMath(size)];
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
      const [actual, expected] = maths.map((math) => {
        math.load(logits);
        math.logits[bias] -= 100;
        const id = sample(math, options, point);
        return { id, weights: math.weights.slice(), sum: math.exponentials(1), top: topTokens(math, 20) };
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
    const math = VocabularyMath.compiled(size, modules.plain);
    for (const temperature of [0.7, 1, 1.5]) {
      const logits = random.logits(size, spread);
      const { weights, ranking, total } = reference(logits, temperature);
      math.load(logits);
      expect(Math.abs(math.exponentials(temperature) / total - 1)).toBeLessThan(1e-6);
      for (const topP of [0.001, 0.5, 0.9, 0.99, random.next()]) {
        const id = sample(math, { ...SAMPLING_DEFAULTS, temperature, topP }, random.next());
        const kept = ranking.filter((token) => math.weights[token] > 0);
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
    const math = VocabularyMath.compiled(40_000, modules.plain);
    math.load(new Float32Array(40_000).fill(-3));
    sample(math, { ...SAMPLING_DEFAULTS, topP: 0.25 }, 0.5);
    expect(math.weights.findLastIndex((weight) => weight > 0)).toBe(9999);
    expect(math.weights.indexOf(0)).toBe(10_000);
    sample(math, { ...SAMPLING_DEFAULTS, topK: 500 }, 0.5);
    expect(math.weights.indexOf(0)).toBe(500);
  });

  it('should choose tokens as often as they are probable', () => {
    const random = new SeededRandom(8);
    const logits = random.logits(5000, 1);
    const { weights, total } = reference(logits, 1);
    const math = VocabularyMath.compiled(5000, modules.plain);
    math.load(logits);
    let end = 0;
    for (const [id, weight] of weights.entries()) {
      end += weight;
      if (id % 50 === 0) expect(sample(math, SAMPLING_DEFAULTS, (end - weight / 2) / total)).toBe(id);
    }
  });
});
