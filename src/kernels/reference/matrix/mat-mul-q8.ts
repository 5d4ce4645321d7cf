import type { Kernels } from '../../kernels.ts';
import { paddedOutputs } from '../../matrix-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { integerDot } from './arithmetic.ts';
import { q8Activations, q8Weights } from './q8-layout.ts';

/** The twin of {@link Kernels.matMulQ8}: integers within a block, float32 from block to block. */
export function matMulQ8({ i8, i16, f32 }: MemoryViews): Kernels['matMulQ8'] {
  return (activations, weights, y, yStride, rows, outputs, inputs) => {
    const x = q8Activations(activations, rows, inputs);
    const w = q8Weights(weights, inputs);
    for (let row = 0; row < rows; row++)
      for (let output = 0; output < paddedOutputs('q8', outputs); output++) {
        let sum = 0;
        for (let block = 0; block < w.blocks; block++) {
          const codes = integerDot(
            32,
            (index) => i8[w.code(output, block * 32 + index)],
            (index) => i16[x.code(row, block * 32 + index)],
          );
          const scale = Math.fround(i16[w.scale(output, block)] * f32[x.scale(row, block)]);
          sum = Math.fround(sum + Math.fround(Math.fround(codes) * scale));
        }
        f32[((y + row * yStride) >> 2) + output] = sum * f32[w.rowScale(output)];
      }
  };
}
