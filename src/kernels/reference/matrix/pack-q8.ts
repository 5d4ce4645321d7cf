import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { scaleFor, toInteger } from './arithmetic.ts';
import { q8Weights } from './q8-layout.ts';

/** The twin of {@link Kernels.packQ8Codes}. */
export function packQ8Codes({ u8, i8 }: MemoryViews): Kernels['packQ8Codes'] {
  return (source, first, count, weights, inputs) => {
    const w = q8Weights(weights, inputs);
    for (let index = 0; index < count * 32; index++) {
      const output = Math.floor((first * 32 + index) / (w.blocks * 32));
      i8[w.code(output, (first * 32 + index) % (w.blocks * 32))] = u8[source + index] - 128;
    }
  };
}

/** The twin of {@link Kernels.packQ8Scales}. */
export function packQ8Scales({ i16, f32 }: MemoryViews): Kernels['packQ8Scales'] {
  return (scales, firstRow, rows, weights, inputs) => {
    const w = q8Weights(weights, inputs);
    for (let row = 0; row < rows; row++) {
      const rowScales = Array.from({ length: w.blocks }, (_, block) => f32[(scales >> 2) + row * w.blocks + block]);
      const { scale, inverse } = scaleFor(Math.max(...rowScales.map(Math.abs)), 32767);
      f32[w.rowScale(firstRow + row)] = scale;
      for (const [block, value] of rowScales.entries()) i16[w.scale(firstRow + row, block)] = toInteger(value, inverse);
    }
  };
}
