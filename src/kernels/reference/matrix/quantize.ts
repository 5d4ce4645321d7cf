import type { Kernels } from '../../kernels.ts';
import { BLOCK_INPUTS, MAX_MINIMUM } from '../../layout-sizes.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { scaleFor, toInteger } from '../arithmetic.ts';
import { q4Activations, q8Activations } from './layouts.ts';

/** The reference of {@link Kernels.quantizeForQ4}. */
export function quantizeForQ4({ i8, i16, f32 }: MemoryViews): Kernels['quantizeForQ4'] {
  return (x, xStride, activations, rows, inputs) => {
    const { padded, blocks, code, scale, sum, sumScale } = q4Activations(activations, rows, inputs);
    // With this limit the integer sum of minimum times block sum over all blocks fits 32 bits.
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
      const values = Array.from({ length: BLOCK_INPUTS }, (_, index) => value(block * BLOCK_INPUTS + index));
      const quantized = scaleFor(Math.max(...values.map(Math.abs)), 127);
      f32[scale(row, block)] = quantized.scale;
      let total = 0;
      for (const [index, element] of values.entries()) {
        const integer = toInteger(element, quantized.inverse);
        i8[code(row, block * BLOCK_INPUTS + index)] = integer;
        total += integer;
      }
      return Math.fround(quantized.scale * total);
    }
  };
}

/** The reference of {@link Kernels.quantizeForQ8}. */
export function quantizeForQ8({ i16, f32 }: MemoryViews): Kernels['quantizeForQ8'] {
  return (x, xStride, activations, rows, inputs) => {
    const { padded, blocks, code, scale } = q8Activations(activations, rows, inputs);
    for (let row = 0; row < padded; row++)
      for (let first = 0; first < blocks * BLOCK_INPUTS; first += BLOCK_INPUTS) {
        const value = (input: number) => (row < rows && input < inputs ? f32[((x + row * xStride) >> 2) + input] : 0);
        const values = Array.from({ length: BLOCK_INPUTS }, (_, index) => value(first + index));
        const block = scaleFor(Math.max(...values.map(Math.abs)), 32767);
        f32[scale(row, first / BLOCK_INPUTS)] = block.scale;
        for (const [index, element] of values.entries()) i16[code(row, first + index)] = toInteger(element, block.inverse);
      }
  };
}
