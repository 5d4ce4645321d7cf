import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.ts';
import { matrixScratchBytes } from '../../src/kernels/matrix-layouts.ts';
import { fromHalf } from '../../src/kernels/reference/matrix/layouts.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { expectSameMemory } from './compare.ts';
import { TestMemory } from './test-memory.ts';

const shapes = [
  [1, 16, 8, 8],
  [1, 5, 20, 16],
  [2, 33, 8, 8],
  [3, 7, 40, 24],
  [4, 64, 13, 8],
  [7, 130, 48, 8],
  [9, 6, 3, 512],
] as const;

describe.each(['f32', 'f16'] as const)('addLowRank of %s', (kind) => {
  it.each(shapes)(
    'should add the product of %i rows of %i inputs, %i outputs and rank %i in order, and give each row alone the same bits',
    (rows, inputs, outputs, rank) => {
      const { y, yAlone, expected } = addLowRank({ kind, rows, inputs, outputs, rank, exponent: kind === 'f16' ? -4 : 0 });
      expect(yAlone).toEqual(y);
      for (const [row, values] of y.entries())
        for (const [output, value] of values.entries()) expect(value).toBeCloseTo(expected[row][output], 3);
    },
  );

  it('should leave a row as it is whose product is nothing', () => {
    const { y, before } = addLowRank({ kind, rows: 5, inputs: 12, outputs: 24, rank: 8, exponent: 0, zero: true });
    expect(y).toEqual(before);
  });
});

interface LowRankCase {
  readonly kind: 'f32' | 'f16';
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
  readonly exponent: number;
  /** Whether x is nothing. */
  readonly zero?: boolean;
}

/** Adds random matrices to random rows, all rows at once and each row alone, and by float64 for comparison. */
function addLowRank({ kind, rows, inputs, outputs, rank, exponent, zero = false }: LowRankCase) {
  const memory = new TestMemory();
  const panels = (count: number) => Math.ceil(count / 8) * 8;
  const bytes = kind === 'f16' ? 2 : 4;
  const [xStride, yStride] = [Math.ceil(inputs / 4) * 16 + 16, panels(outputs) * 4 + 16];
  const down = memory.take(rank * inputs * bytes);
  const up = memory.take(panels(outputs) * rank * bytes);
  const [xs, ys, ysAlone] = [memory.take(rows * xStride), memory.take(rows * yStride), memory.take(rows * yStride)];
  const scratch = memory.scratch(matrixScratchBytes(rows));
  const isHalf = Number(kind === 'f16');
  const run = (kernels: Kernels) => {
    kernels.addLowRank(xs, xStride, down, up, ys, yStride, rows, inputs, outputs, rank, exponent, isHalf, scratch);
    for (let row = 0; row < rows; row++)
      kernels.addLowRank(
        xs + row * xStride,
        xStride,
        down,
        up,
        ysAlone + row * yStride,
        yStride,
        1,
        inputs,
        outputs,
        rank,
        exponent,
        isHalf,
        scratch,
      );
  };
  const floats = (f32: Float32Array, address: number, stride: number, width: number) =>
    Array.from({ length: rows }, (_, row) => [...f32.subarray((address + row * stride) >> 2, ((address + row * stride) >> 2) + width)]);
  let before: number[][] = [];
  const { f32, u16 } = expectSameMemory(
    memory.pages,
    (views) => {
      const random = new SeededRandom(rows + inputs * 10 + outputs * 100);
      const fillWeights = (start: number, count: number) => {
        for (let index = 0; index < count; index++)
          if (isHalf) views.u16[(start >> 1) + index] = (15 << 10) | random.integer(1024) | (random.integer(2) << 15);
          else views.f32[(start >> 2) + index] = random.next() - 0.5;
      };
      fillWeights(down, rank * inputs);
      fillWeights(up, panels(outputs) * rank);
      for (let row = 0; row < rows; row++) {
        for (let index = 0; index < inputs; index++) views.f32[((xs + row * xStride) >> 2) + index] = zero ? 0 : random.next() - 0.5;
        for (let index = 0; index < yStride / 4; index++)
          for (const y of [ys, ysAlone]) views.f32[((y + row * yStride) >> 2) + index] = index / 7 - row;
      }
      before = floats(views.f32, ys, yStride, outputs);
    },
    run,
    memory.scratches,
  );
  const weight = (start: number, count: number) => (output: number, input: number) => {
    const [first, place] = [((output >> 3) * count + input) * 8, output & 7];
    return isHalf ? fromHalf(u16[(start >> 1) + first + (place & 3) * 2 + (place >> 2)]) : f32[(start >> 2) + first + place];
  };
  const sum = (count: number, term: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => term(index)).reduce((a, b) => a + b, 0);
  const [a, b] = [weight(down, inputs), weight(up, rank)];
  const expected = floats(f32, xs, xStride, inputs).map((x, row) => {
    const between = Array.from({ length: rank }, (_, r) => 2 ** exponent * sum(inputs, (input) => x[input] * a(r, input)));
    return before[row].map((value, output) => value + sum(rank, (r) => between[r] * b(output, r)));
  });
  return { y: floats(f32, ys, yStride, outputs), yAlone: floats(f32, ysAlone, yStride, outputs), expected, before };
}
