import type { Kernels } from '../../kernels.ts';
import { exp } from '../activations.ts';
import { add, f, sumOfLanes } from '../float32.ts';
import type { MemoryViews } from '../memory-views.ts';

/** The twin of {@link Kernels.gatherRows}. */
export function gatherRows({ f32, u32 }: MemoryViews): Kernels['gatherRows'] {
  return (table, ids, y, yStride, rows, width) => {
    for (let row = 0; row < rows; row++) {
      const start = (table >> 2) + u32[(ids >> 2) + row] * width;
      f32.copyWithin((y + row * yStride) >> 2, start, start + width);
    }
  };
}

/** The twin of {@link Kernels.softmax}. The sum: element i in lane i mod 4, then as everywhere, then the tail one by one. */
export function softmax({ f32 }: MemoryViews): Kernels['softmax'] {
  return (x, width) => {
    const row = f32.subarray(x >> 2, (x >> 2) + width);
    const greatest = row.reduce((m, value) => Math.max(m, value), -Infinity);
    const e = row.map((value) => exp(f(value - greatest)));
    const fours = width & ~3;
    const lanes = new Float32Array(4);
    for (let i = 0; i < fours; i++) lanes[i & 3] += e[i];
    const total = e.slice(fours).reduce(add, sumOfLanes(lanes));
    row.set(e.map((value) => value / total));
  };
}

/** The twin of {@link Kernels.argmax}. */
export function argmax({ f32 }: MemoryViews): Kernels['argmax'] {
  return (x, width) => {
    const row = f32.subarray(x >> 2, (x >> 2) + width);
    const greatest = row.reduce((m, value) => Math.max(m, value), -Infinity);
    return row.indexOf(greatest);
  };
}
