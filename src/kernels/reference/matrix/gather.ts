import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { f16Weights, f32Weights, q4Weights, q8Weights } from './layouts.ts';

/** The reference of {@link Kernels.gatherQ4}. */
export function gatherQ4(views: MemoryViews): Kernels['gatherQ4'] {
  return gather(views, (weights, inputs) => {
    const w = q4Weights(views, weights, inputs);
    return (output, input) => {
      const scaled = Math.fround(Math.imul(w.code(output, input), w.scale(output, input >> 5)) * w.rowScale(output));
      return scaled - Math.fround(w.minimum(output, input >> 5) * w.rowMinimumScale(output));
    };
  });
}

/** The reference of {@link Kernels.gatherQ8}. */
export function gatherQ8(views: MemoryViews): Kernels['gatherQ8'] {
  const { i8, i16, f32 } = views;
  return gather(views, (weights, inputs) => {
    const w = q8Weights(weights, inputs);
    return (output, input) => Math.imul(i8[w.code(output, input)], i16[w.scale(output, input >> 5)]) * f32[w.rowScale(output)];
  });
}

/** The reference of {@link Kernels.gatherF16}. */
export function gatherF16(views: MemoryViews): Kernels['gatherF16'] {
  return gather(views, (weights, inputs) => f16Weights(views, weights, inputs).value);
}

/** The reference of {@link Kernels.gatherF32}. */
export function gatherF32(views: MemoryViews): Kernels['gatherF32'] {
  return gather(views, (weights, inputs) => f32Weights(views, weights, inputs).value);
}

function gather(
  { u32, f32 }: MemoryViews,
  matrix: (weights: number, inputs: number) => (output: number, input: number) => number,
): Kernels['gatherF32'] {
  return (weights, ids, y, yStride, rows, inputs) => {
    const value = matrix(weights, inputs);
    for (let row = 0; row < rows; row++)
      for (let input = 0; input < inputs; input++) f32[((y + row * yStride) >> 2) + input] = value(u32[(ids >> 2) + row], input);
  };
}
