import { describe, expect, it } from 'vitest';
import { instantiateKernels } from '../../src/kernels/instantiate-kernels.ts';
import { type MemoryViews, memoryViews } from '../../src/kernels/memory-views.ts';
import { AttentionCase, type AttentionShape } from './attention-case.ts';
import { expectSameMemory, modules } from './compare.ts';

const kinds = ['F32', 'Q8'] as const;

/** Expects all builds to give the same bits as the reference. */
function expectReferenceBits(shape: AttentionShape) {
  const test = new AttentionCase(shape);
  return {
    test,
    views: expectSameMemory(
      test.memoryPages,
      (views) => test.fill(views),
      (kernels) => test.run(kernels),
      [test.scratch],
    ),
  };
}

function runOnce(test: AttentionCase, seed: number, run = (kernels: Parameters<AttentionCase['run']>[0]) => test.run(kernels)) {
  const memory = new WebAssembly.Memory({ initial: test.memoryPages });
  const views = memoryViews(memory.buffer);
  test.fill(views, seed);
  run(instantiateKernels(modules.plain, memory));
  return Array.from({ length: test.shape.positions }, (_, row) => test.result(views, row));
}

/** The greatest difference from the result in float64, relative to the row's greatest magnitude. */
function deviation(test: AttentionCase, views: MemoryViews, quantized: boolean): number {
  let worst = 0;
  for (let row = 0; row < test.shape.positions; row++) {
    const exact = test.exact(views, row, quantized);
    const greatest = exact.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    test.result(views, row).forEach((x, i) => {
      worst = Math.max(worst, Math.abs(x - exact[i]) / greatest);
    });
  }
  return worst;
}

describe.each(kinds)('attention over a cache of %s', (kind) => {
  it.each([1, 2, 3, 4, 5, 7, 8, 9])('should give the same bits as the reference for %i heads per key-value head', (group) => {
    expectReferenceBits({ kind, heads: group * 2, keyValueHeads: 2, headDimension: 16, positions: 41 });
  });

  it.each([8, 16, 24, 40, 64, 80, 128, 256])('should give the same bits as the reference for heads of %i', (headDimension) => {
    expectReferenceBits({ kind, heads: 6, keyValueHeads: 2, headDimension, positions: 35 });
  });

  it.each([1, 2, 7, 31, 32, 33, 64, 70])('should give the same bits as the reference for %i positions', (positions) => {
    expectReferenceBits({ kind, heads: 3, keyValueHeads: 1, headDimension: 64, positions });
  });

  it.each([1, 5, 31, 32, 33, 50, 64, 65, 200])('should give the same bits as the reference for a window of %i', (window) => {
    expectReferenceBits({ kind, heads: 4, keyValueHeads: 2, headDimension: 16, positions: 140, window });
  });

  it('should give the same bits as the reference where exponentials underflow, and where all inputs are zeros', () => {
    expectReferenceBits({ kind, heads: 4, keyValueHeads: 2, headDimension: 64, positions: 70, spread: 8 });
    expectReferenceBits({ kind, heads: 4, keyValueHeads: 2, headDimension: 16, positions: 40, spread: 0 });
  });

  it.each([undefined, 20])('should give each row the same bits alone, in batches and all at once, with window %s', (window) => {
    const test = new AttentionCase({ kind, heads: 10, keyValueHeads: 2, headDimension: 24, positions: 100, window });
    const together = runOnce(test, 1);
    const inBatches = (size: number) =>
      runOnce(test, size, (kernels) => {
        for (let position = 0; position < 100; position += size) {
          test.append(kernels, position, size);
          test.attend(kernels, position, size);
        }
      });
    expect(inBatches(1)).toEqual(together);
    expect(inBatches(20)).toEqual(together);
  });

  it('should not let earlier contents of the pages into a result', () => {
    const test = new AttentionCase({ kind, heads: 3, keyValueHeads: 1, headDimension: 64, positions: 37, window: 9 });
    expect(runOnce(test, 1)).toEqual(runOnce(test, 2));
  });
});

describe('attention against float64', () => {
  it.each([
    { positions: 150, spread: 0.5, window: 0 },
    { positions: 150, spread: 2, window: 0 },
    { positions: 300, spread: 1, window: 70 },
  ])('should be within 3e-6 in float32, and with a Q8 cache within 3e-4 of attention over the quantized values: %o', (shape) => {
    const sizes = { heads: 6, keyValueHeads: 2, headDimension: 64, ...shape };
    const f32 = expectReferenceBits({ kind: 'F32', ...sizes });
    expect(deviation(f32.test, f32.views, false)).toBeLessThan(3e-6);
    const q8 = expectReferenceBits({ kind: 'Q8', ...sizes });
    expect(deviation(q8.test, q8.views, true)).toBeLessThan(3e-4);
  });

  it('should be within 0.015 with a Q8 cache if scores spread as they do in a model', () => {
    const { test, views } = expectReferenceBits({ kind: 'Q8', heads: 6, keyValueHeads: 2, headDimension: 64, positions: 200, spread: 0.5 });
    expect(deviation(test, views, false)).toBeLessThan(0.015);
  });
});
