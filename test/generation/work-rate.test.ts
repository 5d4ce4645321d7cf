import { describe, expect, it } from 'vitest';
import { WorkRate } from '../../src/generation/work-rate.ts';

describe('WorkRate', () => {
  it('should be a turn of 100 ms until something is measured, or what was measured earlier', () => {
    const rate = new WorkRate();
    expect(rate.millisecondsPerTurn).toBe(100);
    rate.recall(60);
    expect(rate.millisecondsPerTurn).toBe(60);
    rate.record(1, 41.1);
    rate.recall(80);
    expect(rate.millisecondsPerTurn).toBeCloseTo(40, 9);
  });

  it('should not be misled by waiting', () => {
    const rate = new WorkRate();
    for (let round = 0; round < 20; round++) rate.record(1, round % 2 === 0 ? 51.1 : 400);
    expect(rate.millisecondsPerTurn).toBeCloseTo(50, 9);
  });

  it('should follow a machine that becomes slower', () => {
    const rate = new WorkRate();
    for (let round = 0; round < 20; round++) rate.record(1, 51.1);
    for (let round = 0; round < 20; round++) rate.record(1, 101.1);
    expect(rate.millisecondsPerTurn).toBeCloseTo(100, 9);
  });

  it('should not believe what is too short to be measured', () => {
    const rate = new WorkRate();
    rate.record(0.1, 50);
    rate.record(1, 1);
    rate.record(1, 0);
    expect(rate.isMeasured).toBe(false);
  });
});
