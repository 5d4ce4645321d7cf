import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../memory-views.ts';

/** The twin of {@link Kernels.add}. */
export function add({ f32 }: MemoryViews): Kernels['add'] {
  return (a, aStride, b, bStride, y, yStride, rows, width) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++)
        f32[((y + row * yStride) >> 2) + i] = f32[((a + row * aStride) >> 2) + i] + f32[((b + row * bStride) >> 2) + i];
  };
}
