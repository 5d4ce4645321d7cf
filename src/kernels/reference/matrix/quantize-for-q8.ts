import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { scaleFor, toInteger } from './arithmetic.ts';
import { q8Activations } from './q8-layout.ts';

/** The twin of {@link Kernels.quantizeForQ8}. */
export function quantizeForQ8({ i16, f32 }: MemoryViews): Kernels['quantizeForQ8'] {
  return (x, xStride, activations, rows, inputs) => {
    const { padded, blocks, code, scale } = q8Activations(activations, rows, inputs);
    for (let row = 0; row < padded; row++)
      for (let first = 0; first < blocks * 32; first += 32) {
        const value = (input: number) => (row < rows && input < inputs ? f32[((x + row * xStride) >> 2) + input] : 0);
        const values = Array.from({ length: 32 }, (_, index) => value(first + index));
        const block = scaleFor(Math.max(...values.map(Math.abs)), 32767);
        f32[scale(row, first / 32)] = block.scale;
        for (const [index, element] of values.entries()) i16[code(row, first + index)] = toInteger(element, block.inverse);
      }
  };
}
