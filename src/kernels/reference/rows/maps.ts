import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';

/** A kernel that computes each element of y from that of x. */
export function unaryMap({ f32 }: MemoryViews, element: (x: number) => number): Kernels['silu'] {
  return (x, xStride, y, yStride, rows, width) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++) f32[((y + row * yStride) >> 2) + i] = element(f32[((x + row * xStride) >> 2) + i]);
  };
}

/** A kernel that computes each element of y from those of a and b. */
export function binaryMap({ f32 }: MemoryViews, element: (a: number, b: number) => number): Kernels['add'] {
  return (a, aStride, b, bStride, y, yStride, rows, width) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++)
        f32[((y + row * yStride) >> 2) + i] = element(f32[((a + row * aStride) >> 2) + i], f32[((b + row * bStride) >> 2) + i]);
  };
}
