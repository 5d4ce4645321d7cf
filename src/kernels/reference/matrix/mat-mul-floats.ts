import type { Kernels } from '../../kernels.ts';
import { paddedOutputs } from '../../matrix-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { type FloatWeights, f16Weights, f32Weights } from './float-layout.ts';

/** The twin of {@link Kernels.matMulF16}. */
export function matMulF16(views: MemoryViews): Kernels['matMulF16'] {
  return matMul(views, f16Weights);
}

/** The twin of {@link Kernels.matMulF32}. */
export function matMulF32(views: MemoryViews): Kernels['matMulF32'] {
  return matMul(views, f32Weights);
}

/** Input after input, each product and each sum rounded to float32. */
function matMul(views: MemoryViews, layout: (views: MemoryViews, weights: number, inputs: number) => FloatWeights): Kernels['matMulF32'] {
  const { f32 } = views;
  return (x, xStride, weights, y, yStride, rows, outputs, inputs) => {
    const w = layout(views, weights, inputs);
    for (let row = 0; row < rows; row++)
      for (let output = 0; output < paddedOutputs('f32', outputs); output++) {
        let sum = 0;
        for (let input = 0; input < inputs; input++)
          sum = Math.fround(sum + Math.fround(f32[((x + row * xStride) >> 2) + input] * w.value(output, input)));
        f32[((y + row * yStride) >> 2) + output] = sum;
      }
  };
}
