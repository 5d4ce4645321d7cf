import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { scaleFor, toInteger } from './arithmetic.ts';
import { q4Activations } from './q4-layout.ts';

/** A minimum's largest integer in packed weights. */
export const MAX_MINIMUM = 4095;

/** The twin of {@link Kernels.quantizeForQ4}. */
export function quantizeForQ4({ i8, i16, f32 }: MemoryViews): Kernels['quantizeForQ4'] {
  return (x, xStride, activations, rows, inputs) => {
    const { padded, blocks, code, scale, sum, sumScale } = q4Activations(activations, rows, inputs);
    // So that the integer sum over all blocks of minimum times block sum fits 32 bits.
    const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / (MAX_MINIMUM * blocks)));
    for (let row = 0; row < padded; row++) {
      const value = (input: number) => (row < rows && input < inputs ? f32[((x + row * xStride) >> 2) + input] : 0);
      const blockSums = Array.from({ length: Math.ceil(blocks / 2) * 2 }, (_, block) =>
        block < blocks ? quantizeBlock(row, block, value) : 0,
      );
      const sums = scaleFor(Math.max(...blockSums.map(Math.abs)), limit);
      f32[sumScale(row)] = sums.scale;
      for (const [block, blockSum] of blockSums.entries()) i16[sum(row, block)] = toInteger(blockSum, sums.inverse);
    }

    /** @returns the sum of the quantized block */
    function quantizeBlock(row: number, block: number, value: (input: number) => number): number {
      const values = Array.from({ length: 32 }, (_, index) => value(block * 32 + index));
      const quantized = scaleFor(Math.max(...values.map(Math.abs)), 127);
      f32[scale(row, block)] = quantized.scale;
      let total = 0;
      for (const [index, element] of values.entries()) {
        const integer = toInteger(element, quantized.inverse);
        i8[code(row, block * 32 + index)] = integer;
        total += integer;
      }
      return Math.fround(quantized.scale * total);
    }
  };
}
