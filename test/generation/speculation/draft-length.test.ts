import { describe, expect, it } from 'vitest';
import { DraftLength } from '../../../src/generation/speculation/draft-length.ts';

/** Tokens that are drafted in so many steps, if each draft is right as long as `isRight`. */
function drafted(lengths: DraftLength, steps: number, isRight: boolean, cost = 0.4): number {
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    const length = lengths.length(cost);
    if (length > 0) lengths.record(length, isRight ? length : 0);
    sum += length;
  }
  return sum;
}

describe('DraftLength', () => {
  it('should draft ever more where drafts are right, up to 8 tokens', () => {
    const lengths = new DraftLength();
    expect(lengths.length(0.4)).toBe(1);
    drafted(lengths, 30, true);
    expect(lengths.length(0.4)).toBe(8);
  });

  it('should all but stop where they are wrong, and begin again where they are right once more', () => {
    const lengths = new DraftLength();
    expect(drafted(lengths, 1000, false)).toBeLessThan(12);
    drafted(lengths, 3000, true);
    expect(lengths.length(0.4)).toBe(8);
  });

  it('should draft less in a batch of many, where a row saves less', () => {
    const lengths = new DraftLength();
    drafted(lengths, 6, true);
    expect(lengths.length(0.9)).toBeLessThan(lengths.length(0.4));
  });
});
