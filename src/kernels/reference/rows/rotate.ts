import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { add, f, multiply } from '../float32.ts';

/** The twin of {@link Kernels.rotate}. */
export function rotate({ f32 }: MemoryViews): Kernels['rotate'] {
  return (x, xStride, cos, sin, position, rows, heads, headDimension, pairs, interleaved) => {
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < heads; head++)
        for (let pair = 0; pair < pairs; pair++) {
          const start = ((x + row * xStride) >> 2) + head * headDimension;
          const i = start + (interleaved ? 2 * pair : pair);
          const j = interleaved ? i + 1 : i + pairs;
          const angle = (position + row) * pairs + pair;
          const [a, b, c, s] = [f32[i], f32[j], f32[(cos >> 2) + angle], f32[(sin >> 2) + angle]];
          f32[i] = f(multiply(a, c) - multiply(b, s));
          f32[j] = add(multiply(b, c), multiply(a, s));
        }
  };
}
