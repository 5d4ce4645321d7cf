import { describe, expect, it } from 'vitest';
import type { Logits } from '../../../src/core/logits.ts';
import { sample } from '../../../src/generation/sampling/sampler.ts';
import { SAMPLING_DEFAULTS, type SamplingOptions } from '../../../src/generation/sampling/sampling-options.ts';
import { SeededRandom } from '../seeded-random.ts';
import { logitsOf } from './reference-logits.ts';

type Options = Partial<SamplingOptions>;

const ALMOST_ONE = 1 - 2 ** -53;
const logarithms = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);
const sampleFrom = (logits: Logits, options: Options, random: number) => sample(logits, { ...SAMPLING_DEFAULTS, ...options }, random);
const draw = (logits: Float32Array, options: Options, random: number) => sampleFrom(logitsOf(logits), options, random);

/** How often each token comes out, with random numbers evenly spread over [0, 1): its probability, to 1 / draws. */
function shares(logits: Float32Array, options: Options, draws = 2000): number[] {
  const counts = new Array<number>(logits.length).fill(0);
  const loaded = logitsOf(logits);
  for (let index = 0; index < draws; index++) counts[sampleFrom(loaded, options, (index + 0.5) / draws)]++;
  return counts.map((count) => count / draws);
}

/** What `sample` documents, in the plainest way: everything sorted, nothing left out early. */
function naiveProbabilities(logits: Float32Array, { temperature = 1, minP = 0, topK = 0, topP = 1 }: Options): number[] {
  const max = Math.max(...logits);
  const weights = [...logits].map((logit) => Math.exp((logit - max) / temperature));
  let kept = [...weights.keys()].sort((a, b) => weights[b] - weights[a] || a - b).filter((id) => weights[id] >= minP);
  if (topK > 0) kept = kept.slice(0, topK);
  const total = kept.reduce((sum, id) => sum + weights[id], 0);
  let reached = 0;
  const nucleus = kept.filter((id, rank) => {
    const isNeeded = rank === 0 || reached < topP * total;
    reached += weights[id];
    return isNeeded;
  });
  const mass = nucleus.reduce((sum, id) => sum + weights[id], 0);
  return weights.map((weight, id) => (nucleus.includes(id) ? weight / mass : 0));
}

function expectShares(logits: Float32Array, options: Options, expected: readonly number[], draws = 2000) {
  const actual = shares(logits, options, draws);
  for (const [id, probability] of expected.entries()) {
    expect(Math.abs(actual[id] - probability), `token ${id} of ${JSON.stringify(options)}`).toBeLessThan(2 / draws);
    if (probability === 0) expect(actual[id]).toBe(0);
  }
}

describe('temperature', () => {
  it('should take the most probable token at 0, the lowest id of several, whatever the random number', () => {
    for (const random of [0, 0.5, ALMOST_ONE]) {
      expect(draw(Float32Array.of(1, 5, 3), { temperature: 0 }, random)).toBe(1);
      expect(draw(Float32Array.of(1, 5, 5), { temperature: 0 }, random)).toBe(1);
    }
  });

  it('should give the exact probabilities at 1', () => {
    expectShares(logarithms(0.5, 0.3, 0.15, 0.05), {}, [0.5, 0.3, 0.15, 0.05]);
  });

  it('should sharpen below 1 and flatten above', () => {
    const logits = logarithms(0.6, 0.3, 0.1);
    expectShares(logits, { temperature: 0.5 }, [36 / 46, 9 / 46, 1 / 46]);
    expectShares(logits, { temperature: 1e9 }, [1 / 3, 1 / 3, 1 / 3]);
    expectShares(logits, { temperature: 1e-300 }, [1, 0, 0]);
  });
});

describe('top_k', () => {
  const logits = logarithms(0.1, 0.4, 0.3, 0.2);

  it('should keep the k most probable tokens', () => {
    expectShares(logits, { topK: 1 }, [0, 1, 0, 0]);
    expectShares(logits, { topK: 2 }, [0, 4 / 7, 3 / 7, 0]);
  });

  it('should keep all for 0, for the whole vocabulary and beyond it', () => {
    for (const topK of [0, 4, 5, 1000]) expectShares(logits, { topK }, [0.1, 0.4, 0.3, 0.2]);
  });

  it('should keep the lower ids of equal tokens', () => {
    expectShares(new Float32Array(5), { topK: 2 }, [0.5, 0.5, 0, 0, 0]);
  });
});

describe('top_p', () => {
  const logits = logarithms(0.1, 0.4, 0.3, 0.2);

  it('should keep the fewest most probable tokens that reach it', () => {
    expectShares(logits, { topP: 0.39 }, [0, 1, 0, 0]);
    expectShares(logits, { topP: 0.41 }, [0, 4 / 7, 3 / 7, 0]);
    expectShares(logits, { topP: 0.89 }, [0, 4 / 9, 3 / 9, 2 / 9]);
    expectShares(logits, { topP: 0.91 }, [0.1, 0.4, 0.3, 0.2]);
  });

  it('should stop at tokens that reach it exactly', () => {
    expectShares(new Float32Array(4), { topP: 0.5 }, [0.5, 0.5, 0, 0]);
  });

  it('should keep the most probable token at 0', () => {
    expectShares(logits, { topP: 0 }, [0, 1, 0, 0]);
    expectShares(new Float32Array(6), { topP: 0 }, [1, 0, 0, 0, 0, 0]);
  });

  it('should count what min_p and top_k kept', () => {
    // Of 0.4, 0.3, 0.2 the first two are 7/9.
    expectShares(logits, { topK: 3, topP: 0.77 }, [0, 4 / 7, 3 / 7, 0]);
    expectShares(logits, { minP: 0.49, topP: 0.77 }, [0, 4 / 7, 3 / 7, 0]);
  });

  it('should keep exactly the tokens of a full sort on random logits', () => {
    const random = new SeededRandom(3);
    for (let round = 0; round < 500; round++) {
      const logits = random.logits(2 + random.integer(60), random.pick([0.05, 1, 4, 20]));
      const options = { topP: random.next(), temperature: random.pick([0.3, 1, 2]) };
      const expected = naiveProbabilities(logits, options);
      // The kept tokens share [0, 1) in the order of their ids: each is drawn in the middle of its share.
      let end = 0;
      for (const [id, probability] of expected.entries()) {
        end += probability;
        if (probability > 1e-5) expect(draw(logits, options, end - probability / 2), `round ${round}`).toBe(id);
      }
      const points = random.list(20, () => random.next());
      for (const point of [0, ...points, ALMOST_ONE]) expect(expected[draw(logits, options, point)], `round ${round}`).toBeGreaterThan(0);
    }
  });
});

describe('min_p', () => {
  const logits = logarithms(0.1, 0.4, 0.3, 0.2);

  it('should keep tokens at least that fraction as probable as the best', () => {
    expectShares(logits, { minP: 0.24 }, [0.1, 0.4, 0.3, 0.2]);
    expectShares(logits, { minP: 0.26 }, [0, 4 / 9, 3 / 9, 2 / 9]);
    expectShares(logits, { minP: 0.74 }, [0, 4 / 7, 3 / 7, 0]);
  });

  it('should keep only the best token, and its equals, at 1', () => {
    expectShares(logits, { minP: 1 }, [0, 1, 0, 0]);
    expectShares(Float32Array.of(2, 1, 2), { minP: 1 }, [0.5, 0, 0.5]);
  });

  it('should come after temperature', () => {
    expectShares(
      logits,
      { temperature: 2, minP: 0.51 },
      [0, Math.sqrt(4), Math.sqrt(3), Math.sqrt(2)].map((w) => w / (2 + Math.sqrt(3) + Math.SQRT2)),
    );
  });
});

describe('all together', () => {
  it('should give the documented probabilities on random logits and options', () => {
    const random = new SeededRandom(4);
    for (let round = 0; round < 150; round++) {
      const logits = random.logits(2 + random.integer(30), random.pick([1, 4]));
      const options = {
        temperature: random.pick([0.5, 1, 1.7]),
        topK: random.pick([0, 0, 1 + random.integer(40)]),
        topP: random.pick([1, random.next()]),
        minP: random.pick([0, random.next() / 2]),
      };
      expectShares(logits, options, naiveProbabilities(logits, options), 1000);
    }
  });
});

describe('edge values', () => {
  it('should treat uniform logits evenly', () => {
    for (const options of [{}, { topK: 4 }, { topP: 0.999 }, { minP: 1 }])
      expectShares(new Float32Array(4).fill(-7), options, [0.25, 0.25, 0.25, 0.25]);
  });

  it('should never choose a logit of -Infinity', () => {
    const logits = Float32Array.of(-Infinity, 0, -Infinity, 0, -Infinity);
    for (const options of [{}, { topK: 4 }, { topP: 0.99 }, { minP: 0.5 }]) {
      for (const random of [0, 0.25, 0.75, ALMOST_ONE]) expect([1, 3]).toContain(draw(logits, options, random));
      expectShares(logits, options, [0, 0.5, 0, 0.5, 0]);
    }
  });

  it('should choose a kept token for random numbers 0 and just below 1', () => {
    const random = new SeededRandom(5);
    for (let round = 0; round < 200; round++) {
      const logits = random.logits(100);
      const options = { topK: random.integer(5), topP: random.pick([1, 0.7]), minP: random.pick([0, 0.2]) };
      const expected = naiveProbabilities(logits, options);
      for (const edge of [0, ALMOST_ONE]) expect(expected[draw(logits, options, edge)]).toBeGreaterThan(0);
    }
  });

  it('should take the only token of a vocabulary of one', () => {
    for (const options of [{}, { topP: 0.5 }, { topK: 3 }]) expect(draw(Float32Array.of(-3), options, 0.9)).toBe(0);
  });

  it('should leave the logits as they are', () => {
    const logits = logarithms(0.1, 0.4, 0.3, 0.2);
    const loaded = logitsOf(logits);
    sampleFrom(loaded, { temperature: 0.5, topK: 3, topP: 0.9, minP: 0.1 }, 0.5);
    expect(loaded.values).toEqual(logits);
  });
});
