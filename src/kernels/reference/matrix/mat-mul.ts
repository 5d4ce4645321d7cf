import type { Kernels } from '../../kernels.ts';
import { BLOCK_INPUTS } from '../../layout-sizes.ts';
import { paddedOutputs } from '../../matrix-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { integerDot } from '../arithmetic.ts';
import { type FloatWeights, f16Weights, f32Weights, q4Activations, q4Weights, q8Activations, q8Weights } from './layouts.ts';

/**
 * The reference of {@link Kernels.matMulQ4}: exact integers within a block and for all minima, float32 from block to
 * block.
 */
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
            BLOCK_INPUTS,
            (index) => w.code(output, block * BLOCK_INPUTS + index),
            (index) => i8[x.code(row, block * BLOCK_INPUTS + index)],
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

/** The reference of {@link Kernels.matMulQ8}: exact integers within a block, float32 from block to block. */
export function matMulQ8({ i8, i16, f32 }: MemoryViews): Kernels['matMulQ8'] {
  return (activations, weights, y, yStride, rows, outputs, inputs) => {
    const x = q8Activations(activations, rows, inputs);
    const w = q8Weights(weights, inputs);
    for (let row = 0; row < rows; row++)
      for (let output = 0; output < paddedOutputs('q8', outputs); output++) {
        let sum = 0;
        for (let block = 0; block < w.blocks; block++) {
          const codes = integerDot(
            BLOCK_INPUTS,
            (index) => i8[w.code(output, block * BLOCK_INPUTS + index)],
            (index) => i16[x.code(row, block * BLOCK_INPUTS + index)],
          );
          const scale = Math.fround(i16[w.scale(output, block)] * f32[x.scale(row, block)]);
          sum = Math.fround(sum + Math.fround(Math.fround(codes) * scale));
        }
        f32[((y + row * yStride) >> 2) + output] = sum * f32[w.rowScale(output)];
      }
  };
}

/** The reference of {@link Kernels.matMulF16}. */
export function matMulF16(views: MemoryViews): Kernels['matMulF16'] {
  return matMul(views, f16Weights);
}

/** The reference of {@link Kernels.matMulF32}. */
export function matMulF32(views: MemoryViews): Kernels['matMulF32'] {
  return matMul(views, f32Weights);
}

/** Sums input after input; each product and each sum is rounded to float32. */
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
