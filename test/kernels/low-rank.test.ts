import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.ts';
import { lowRankScratchBytes, matrixBytes } from '../../src/kernels/matrix-layouts.ts';
import { q8Weights } from '../../src/kernels/reference/matrix/layouts.ts';
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

describe.each([
  ['f32', 5e-4],
  ['q8', 5e-3],
] as const)('addLowRank of %s', (kind, tolerance) => {
  it.each(shapes)(
    'should add the product of %i rows of %i inputs, %i outputs and rank %i in order, and give each row alone the same bits',
    (rows, inputs, outputs, rank) => {
      const { y, yAlone, expected } = addLowRank({ kind, rows, inputs, outputs, rank });
      expect(yAlone).toEqual(y);
      for (const [row, values] of y.entries())
        for (const [output, value] of values.entries()) expect(Math.abs(value - expected[row][output])).toBeLessThan(tolerance);
    },
  );

  it('should leave a row as it is whose product is nothing', () => {
    const { y, before } = addLowRank({ kind, rows: 5, inputs: 12, outputs: 24, rank: 8, zero: true });
    expect(y).toEqual(before);
  });
});

interface LowRankCase {
  readonly kind: 'f32' | 'q8';
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
  /** Whether x is nothing. */
  readonly zero?: boolean;
}

/** Adds random matrices to random rows, all rows at once and each row alone, and by float64 for comparison. */
function addLowRank({ kind, rows, inputs, outputs, rank, zero = false }: LowRankCase) {
  const memory = new TestMemory();
  const panels = (count: number) => Math.ceil(count / 8) * 8;
  const [xStride, yStride] = [Math.ceil(inputs / 4) * 16 + 16, panels(outputs) * 4 + 16];
  const isQuantized = kind === 'q8';
  const down = memory.take(isQuantized ? matrixBytes('q8', rank, inputs) : rank * inputs * 4);
  const upBytes = panels(outputs) * (isQuantized ? rank + 2 : rank * 4);
  const up = memory.take(upBytes);
  const [xs, ys, ysAlone] = [memory.take(rows * xStride), memory.take(rows * yStride), memory.take(rows * yStride)];
  const scratch = memory.scratch(lowRankScratchBytes(inputs));
  const run = (kernels: Kernels) => {
    kernels.addLowRank(xs, xStride, down, up, ys, yStride, rows, inputs, outputs, rank, Number(isQuantized), scratch);
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
        Number(isQuantized),
        scratch,
      );
  };
  const floats = (f32: Float32Array, address: number, stride: number, width: number) =>
    Array.from({ length: rows }, (_, row) => [...f32.subarray((address + row * stride) >> 2, ((address + row * stride) >> 2) + width)]);
  let before: number[][] = [];
  const { f32, i8, i16 } = expectSameMemory(
    memory.pages,
    (views) => {
      const random = new SeededRandom(rows + inputs * 10 + outputs * 100);
      if (isQuantized) {
        const a = q8Weights(down, inputs);
        for (let r = 0; r < rank; r++) {
          for (let input = 0; input < inputs; input++) views.i8[a.code(r, input)] = random.integer(256) - 128;
          for (let block = 0; block < a.blocks; block++) views.i16[a.scale(r, block)] = random.integer(65_535) - 32_767;
          views.f32[a.rowScale(r)] = 2 ** -40;
        }
        for (let index = 0; index < upBytes; index++) views.u8[up + index] = random.integer(256);
      } else {
        for (let index = 0; index < rank * inputs; index++) views.f32[(down >> 2) + index] = random.next() - 0.5;
        for (let index = 0; index < upBytes / 4; index++) views.f32[(up >> 2) + index] = random.next() - 0.5;
      }
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
  const floatWeight = (start: number, count: number) => (output: number, input: number) =>
    f32[(start >> 2) + ((output >> 3) * count + input) * 8 + (output & 7)];
  const packed = q8Weights(down, inputs);
  const a = isQuantized
    ? (r: number, input: number) => i8[packed.code(r, input)] * i16[packed.scale(r, input >> 5)] * f32[packed.rowScale(r)]
    : floatWeight(down, inputs);
  const group = (output: number) => up + (output >> 3) * (rank + 2) * 8;
  const b = isQuantized
    ? (output: number, r: number) =>
        i8[group(output) + (r >> 1) * 16 + (output & 7) * 2 + (r & 1)] * i16[((group(output) + rank * 8) >> 1) + (output & 7)]
    : floatWeight(up, rank);
  const sum = (count: number, term: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => term(index)).reduce((total, value) => total + value, 0);
  const expected = floats(f32, xs, xStride, inputs).map((x, row) => {
    const between = Array.from({ length: rank }, (_, r) => sum(inputs, (input) => x[input] * a(r, input)));
    return before[row].map((value, output) => value + sum(rank, (r) => between[r] * b(output, r)));
  });
  return { y: floats(f32, ys, yStride, outputs), yAlone: floats(f32, ysAlone, yStride, outputs), expected, before };
}
