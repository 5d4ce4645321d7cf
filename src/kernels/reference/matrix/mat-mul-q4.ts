import type { Kernels } from '../../kernels.ts';
import { paddedOutputs } from '../../matrix-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { integerDot } from './arithmetic.ts';
import { q4Activations, q4Weights } from './q4-layout.ts';

/** The twin of {@link Kernels.matMulQ4}: integers within a block, and for all minima; float32 from block to block. */
export function matMulQ4(views: MemoryViews): Kernels['matMulQ4'] {
  const { i8, i16, f32 } = views;
  return (activations, weights, y, yStride, rows, outputs, inputs) => {
    const x = q4Activations(activations, rows, inputs);
    const w = q4Weights(views, weights, inputs);
    for (let row = 0; row < rows; row++)
      for (let output = 0; output < paddedOutputs('q4', outputs); output++) {
        let sum = 0;
        for (let block = 0; block < w.blocks; block++) {
          const codes = integerDot(
            32,
            (index) => w.code(output, block * 32 + index),
            (index) => i8[x.code(row, block * 32 + index)],
          );
          const scaled = Math.fround(Math.imul(codes, w.scale(output, block)));
          sum = Math.fround(sum + Math.fround(scaled * f32[x.scale(row, block)]));
        }
        const minima = integerDot(
          w.blocks,
          (block) => w.minimum(output, block),
          (block) => i16[x.sum(row, block)],
        );
        const minimumScale = Math.fround(w.rowMinimumScale(output) * f32[x.sumScale(row)]);
        f32[((y + row * yStride) >> 2) + output] = Math.fround(sum * w.rowScale(output)) - Math.fround(Math.fround(minima) * minimumScale);
      }
  };
}
