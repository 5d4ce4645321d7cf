import { describe, expect, it } from 'vitest';
import { describeMemoryPlan, inMegabytes, memoryPlan } from '../../src/core/memory-plan.ts';

const plan = (...bytes: number[]) => memoryPlan(bytes.map((count, index) => ({ name: `part ${index}`, bytes: count })));
const tenths = (megabytes: string) => Math.round(Number.parseFloat(megabytes) * 10);

describe('a memory plan', () => {
  it.each([
    [[]],
    [[1]],
    [[49_999, 50_001, 3]],
    [[1, 1, 1, 1, 1, 1, 1]],
    [[9_900_000, 6_453_120, 581_632, 650_003, 6_291_456]],
    [[127_999_999, 2]],
  ])('should have parts that add up to its total, also as printed: %j', (bytes) => {
    const planned = plan(...bytes);
    expect(planned.totalBytes).toBe(bytes.reduce((sum, count) => sum + count, 0));
    const { parts, total } = inMegabytes(planned);
    expect(parts.reduce((sum, { megabytes }) => sum + tenths(megabytes), 0)).toBe(tenths(total));
    for (const [index, { megabytes }] of parts.entries()) expect(Math.abs(tenths(megabytes) - bytes[index] / 1e5)).toBeLessThanOrEqual(1);
  });

  it('should never look as if it fitted when it does not', () => {
    expect(inMegabytes(plan(128_000_000)).total).toBe('128.0 MB');
    expect(inMegabytes(plan(128_000_001)).total).toBe('128.1 MB');
    expect(describeMemoryPlan(plan(1_250_000, 1_250_000))).toBe('2.5 MB: part 0 1.3 MB, part 1 1.2 MB');
  });
});
