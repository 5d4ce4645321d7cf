import { describe, expect, it } from 'vitest';
import { memoryPlan } from '../../src/core/memory-plan.ts';
import { fitWindow, LEAST_WINDOW } from '../../src/runtime/fit-window.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

describe('fitWindow', () => {
  it('should take the longest window in whole steps that fits, or the least one', () => {
    const random = new SeededRandom(1);
    for (let round = 0; round < 300; round++) {
      const [own, step] = [1 + random.integer(9000), random.pick([32, 64, 128])];
      const [fixed, perBlock, perPosition] = [random.integer(100_000), 1 + random.integer(5000), random.integer(9)];
      const loading = random.pick([0, perBlock * random.integer(20)]);
      // Whole blocks, in whose place files are held while a model loads, and rows of tables in whole cache lines.
      const bytesOf = (window: number) =>
        fixed + Math.max(loading, Math.ceil(window / step) * perBlock) + Math.ceil((window * perPosition) / 64) * 64;
      const planFor = (contextWindow: number) => ({ contextWindow, memory: memoryPlan([{ name: 'all', bytes: bytesOf(contextWindow) }]) });
      const limitBytes = fixed + random.integer(Math.ceil(1.2 * (bytesOf(own) - fixed)) + 1);
      const least = Math.min(LEAST_WINDOW, own);
      const windows = [own, ...Array.from({ length: Math.floor(own / step) }, (_, index) => (index + 1) * step), least];
      const expected = Math.max(least, ...windows.filter((window) => window >= least && bytesOf(window) <= limitBytes));
      expect(fitWindow({ step, planFor }, { own, limitBytes }).contextWindow, `round ${round}`).toBe(expected);
    }
  });
});
