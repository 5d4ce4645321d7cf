import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.ts';
import type { MemoryViews } from '../../src/kernels/memory-views.ts';
import { VOCABULARY_BLOCK } from '../../src/kernels/vocabulary-kernels.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { expectSameMemory } from './compare.ts';
import { TestMemory } from './test-memory.ts';

const blocks = [1, 2, 3, 17];

/** A row of logits, some of them equal, some -Infinity (the last five too), and room for weights and ids. */
function testRow(width: number, change: (x: Float32Array) => void = () => {}) {
  const memory = new TestMemory();
  const [logits, weights, ids] = [0, 1, 2].map(() => memory.take(width * 4));
  const random = new SeededRandom(width);
  const x = random.logits(width).map((value) => Math.round(value * 8) / 8);
  x.fill(-Infinity, width - 5);
  x[3] = -Infinity;
  x[7] = -3e38;
  change(x);
  const fill = ({ f32 }: MemoryViews) => {
    f32.fill(7, 1024);
    f32.set(x, logits >> 2);
  };
  /** Runs all builds and the reference, which must agree, and returns the result, the row of weights and the ids. */
  const run = <T>(call: (kernels: Kernels) => T) => {
    let result: T | undefined;
    const { f32, i32 } = expectSameMemory(memory.pages, fill, (kernels) => {
      result = call(kernels);
      return result;
    });
    return { result: result as T, w: f32.slice(weights >> 2, (weights >> 2) + width), found: i32.slice(ids >> 2, (ids >> 2) + width) };
  };
  return { x, logits, weights, ids, run };
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe.each(blocks)('on %i blocks', (count) => {
  const width = count * VOCABULARY_BLOCK;

  it('should find the first of the greatest logits with argmax', () => {
    for (let at = 0; at < width; at += 1 + (at % 7)) {
      const { logits, run } = testRow(width, (x) => x.fill(90, at, Math.min(at + 3, width)));
      expect(run((kernels) => kernels.argmax(logits, width)).result).toBe(at);
    }
    const { logits, run } = testRow(width, (x) => x.fill(-Infinity));
    expect(run((kernels) => kernels.argmax(logits, width)).result).toBe(0);
  });

  it.each([1, 0.01, 1 / 0.3, 2 ** 127, 2 ** -126])('should compute e^x and its sum with exponentials, at scale %d', (scale) => {
    const { x, logits, weights, run } = testRow(width);
    const greatest = Math.max(...x);
    const { result, w } = run((kernels) => kernels.exponentials(logits, weights, width, greatest, scale));
    const exact = x.map((value) => (value === -Infinity ? 0 : Math.exp((value - greatest) * scale)));
    for (const [i, value] of exact.entries()) {
      if (x[i] - greatest > -80 / scale) expect(Math.abs(w[i] / value - 1)).toBeLessThan(1e-5);
      else if (x[i] === -Infinity) expect(w[i]).toBe(0);
      else expect(w[i]).toBeLessThan(2e-35);
    }
    expect(w[x.indexOf(greatest)]).toBe(1);
    expect(Math.abs(result / sum(w) - 1)).toBeLessThan(1e-14);
    expect(Math.abs(result / sum(exact) - 1)).toBeLessThan(1e-6);
  });

  it('should keep tokens up to a place among equal ones with keepTo', () => {
    const { x, logits, weights, run } = testRow(width);
    const greatest = Math.max(...x);
    for (const place of [0, 9, 10, width - 7]) {
      const all = run((kernels) => kernels.exponentials(logits, weights, width, greatest, 1)).w;
      const kept = all.map((weight, id) => (x[id] > x[place] || (x[id] === x[place] && id <= place) ? weight : 0));
      const { result, w } = run((kernels) => {
        kernels.exponentials(logits, weights, width, greatest, 1);
        return kernels.keepTo(logits, weights, width, x[place], place);
      });
      expect(w).toEqual(kept);
      expect(result).toBeCloseTo(sum(kept), 10);
    }
  });

  it('should take every token with keepTo, countFrom and sumFrom if the bound is -Infinity', () => {
    const { logits, weights, run } = testRow(width);
    const { result } = run((kernels) => [
      kernels.exponentials(logits, weights, width, 12, 1),
      kernels.keepTo(logits, weights, width, -Infinity, width),
      kernels.sumFrom(logits, weights, width, -Infinity),
      kernels.countFrom(logits, width, -Infinity),
    ]);
    expect(result).toEqual([result[0], result[0], result[0], width]);
  });

  it('should take exactly the logits in range with countFrom, sumFrom and gatherBetween', () => {
    const { x, logits, weights, ids, run } = testRow(width);
    for (const bound of [-Infinity, Math.fround(-3e38), -2, x[9], 0, 3, 100, Infinity]) {
      const { result, w, found } = run((kernels) => {
        kernels.exponentials(logits, weights, width, 12, 1);
        return {
          count: kernels.countFrom(logits, width, bound),
          sum: kernels.sumFrom(logits, weights, width, bound),
          gathered: kernels.gatherBetween(logits, width, bound, 3, ids),
        };
      });
      const from = [...x.keys()].filter((id) => x[id] >= bound);
      const between = from.filter((id) => x[id] < 3);
      expect(result.count).toBe(from.length);
      expect(result.sum).toBeCloseTo(sum(from.map((id) => w[id])), 10);
      expect([...found.slice(0, result.gathered)]).toEqual(between);
    }
  });

  it('should find with pick where the running sum exceeds a part', () => {
    const { x, logits, weights, run } = testRow(width);
    const greatest = Math.max(...x);
    const pickAt = (part: number) =>
      run((kernels) => {
        kernels.exponentials(logits, weights, width, greatest, 0.1);
        return kernels.pick(weights, width, part);
      });
    const { w, result } = pickAt(0);
    expect(result).toBe(w.findIndex((weight) => weight > 0));
    let end = 0;
    for (const [id, weight] of w.entries()) {
      end += weight;
      if (weight > 1e-9 && id % 5 === 0) expect(pickAt(end - weight / 2).result).toBe(id);
    }
    expect(pickAt(end + 1).result).toBe(-1);
  });
});
