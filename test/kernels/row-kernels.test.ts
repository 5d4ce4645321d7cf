import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.ts';
import type { MemoryViews } from '../../src/kernels/memory-views.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { expectSameMemory } from './compare.ts';
import { TestMemory } from './test-memory.ts';

const widths = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 31, 64, 67];
const ROWS = 3;

/** Three rows each of a, b and y, and two vectors, with random numbers everywhere. */
function testRows(width: number) {
  const memory = new TestMemory();
  const stride = Math.ceil(width / 4) * 16 + 16;
  const [a, b, y] = [0, 1, 2].map(() => memory.take(stride * ROWS));
  const [gain, bias] = [0, 1].map(() => memory.take(width * 4));
  const fill = ({ f32 }: MemoryViews) => {
    const random = new SeededRandom(width);
    for (let i = 1024; i < f32.length; i++) f32[i] = (random.next() + random.next() - 1) * 8;
  };
  const expectReferenceBits = (run: (kernels: Kernels) => unknown) => expectSameMemory(memory.pages, fill, run);
  return { memory, stride, a, b, y, gain, bias, fill, expectReferenceBits };
}

describe.each(['sigmoid', 'silu', 'gelu', 'geluTanh', 'relu', 'tanh'] as const)('%s', (name) => {
  it.each(widths)('should give the same bits as the reference on rows of %i, also in place', (width) => {
    const { a, y, stride, expectReferenceBits } = testRows(width);
    expectReferenceBits((kernels) => kernels[name](a, stride, y, stride, ROWS, width));
    expectReferenceBits((kernels) => kernels[name](a, stride, a, stride, ROWS, width));
  });
});

describe.each(['add', 'multiply', 'swiGlu'] as const)('%s', (name) => {
  it.each(widths)('should give the same bits as the reference on rows of %i, repeat one of stride 0, and work in place', (width) => {
    const { a, b, y, stride, expectReferenceBits } = testRows(width);
    expectReferenceBits((kernels) => kernels[name](a, stride, b, stride, y, stride, ROWS, width));
    expectReferenceBits((kernels) => kernels[name](a, stride, b, 0, y, stride, ROWS, width));
    expectReferenceBits((kernels) => kernels[name](a, stride, b, stride, a, stride, ROWS, width));
    expectReferenceBits((kernels) => kernels[name](a, stride, b, stride, b, stride, ROWS, width));
  });
});

describe('layerNorm and rmsNorm', () => {
  it.each(widths)('should give the same bits as the reference on rows of %i, also in place and without a bias', (width) => {
    const { a, y, stride, gain, bias, expectReferenceBits } = testRows(width);
    expectReferenceBits((kernels) => kernels.layerNorm(a, stride, gain, bias, y, stride, ROWS, width, 1e-5));
    expectReferenceBits((kernels) => kernels.layerNorm(a, stride, gain, 0, a, stride, ROWS, width, 1e-5));
    expectReferenceBits((kernels) => kernels.rmsNorm(a, stride, gain, y, stride, ROWS, width, 1e-6));
    expectReferenceBits((kernels) => kernels.rmsNorm(a, stride, gain, a, stride, ROWS, width, 1e-6));
  });

  it('should be within 2e-6 of float64', () => {
    const width = 579;
    const { a, y, b, stride, gain, bias, expectReferenceBits } = testRows(width);
    const { f32 } = expectReferenceBits((kernels) => {
      kernels.layerNorm(a, stride, gain, bias, y, stride, 1, width, 1e-5);
      kernels.rmsNorm(a, stride, gain, b, stride, 1, width, 1e-5);
    });
    const row = (address: number) => Array.from(f32.subarray(address >> 2, (address >> 2) + width));
    const x = row(a);
    const mean = x.reduce((sum, v) => sum + v) / width;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    const square = x.reduce((sum, v) => sum + v * v, 0) / width;
    const worst = (result: number[], exact: number[]) =>
      Math.max(...result.map((v, i) => Math.abs(v - exact[i]) / (1 + Math.abs(exact[i]))));
    const [g, c] = [row(gain), row(bias)];
    expect(
      worst(
        row(y),
        x.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-5)) * g[i] + c[i]),
      ),
    ).toBeLessThan(2e-6);
    expect(
      worst(
        row(b),
        x.map((v, i) => (v / Math.sqrt(square + 1e-5)) * g[i]),
      ),
    ).toBeLessThan(2e-6);
  });
});

describe('rotate', () => {
  it.each([
    { headDimension: 64, pairs: 32 },
    { headDimension: 64, pairs: 16 },
    { headDimension: 24, pairs: 11 },
    { headDimension: 8, pairs: 3 },
  ])('should give the same bits as the reference for both orders of pairs: %o', ({ headDimension, pairs }) => {
    for (const interleaved of [0, 1]) {
      const { a, stride, memory, expectReferenceBits } = testRows(headDimension * 2);
      const [cos, sin] = [0, 1].map(() => memory.take(pairs * 4 * 8));
      expectReferenceBits((kernels) => kernels.rotate(a, stride, cos, sin, 4, ROWS, 2, headDimension, pairs, interleaved));
    }
  });

  it('should turn each pair by its angle', () => {
    const { a, stride, memory, fill } = testRows(8);
    const [cos, sin] = [0, 1].map(() => memory.take(16 * 2));
    for (const interleaved of [0, 1]) {
      let before = new Float32Array();
      const { f32 } = expectSameMemory(
        memory.pages,
        (views) => {
          fill(views);
          for (let i = 0; i < 8; i++) [views.f32[(cos >> 2) + i], views.f32[(sin >> 2) + i]] = [Math.cos(i), Math.sin(i)];
          before = views.f32.slice(a >> 2, (a >> 2) + 8);
        },
        (kernels) => kernels.rotate(a, stride, cos, sin, 1, 1, 1, 8, 4, interleaved),
      );
      for (let pair = 0; pair < 4; pair++) {
        const [i, j] = interleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + 4];
        const [c, s] = [Math.cos(4 + pair), Math.sin(4 + pair)];
        expect(f32[(a >> 2) + i]).toBeCloseTo(before[i] * c - before[j] * s, 5);
        expect(f32[(a >> 2) + j]).toBeCloseTo(before[j] * c + before[i] * s, 5);
      }
    }
  });
});
