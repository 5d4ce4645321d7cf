import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { add, f, multiply, sumOfLanes } from '../float32.ts';

/** Element i in lane i mod 8, lanes l and l + 4, these four as everywhere, then the tail one by one. */
export function sum(values: Float32Array): number {
  const eights = values.length & ~7;
  const lanes = new Float32Array(8);
  for (let i = 0; i < eights; i++) lanes[i & 7] += values[i];
  const first = sumOfLanes([0, 1, 2, 3].map((lane) => add(lanes[lane], lanes[lane + 4])));
  return values.slice(eights).reduce(add, first);
}

/** 1 / sqrt(mean of (x - mean)^2 + epsilon) */
function inverseDeviation(values: Float32Array, mean: number, epsilon: number): number {
  const squares = values.map((x) => multiply(f(x - mean), f(x - mean)));
  return f(1 / f(Math.sqrt(add(f(sum(squares) / values.length), f(epsilon)))));
}

/** The twin of {@link Kernels.layerNorm}. */
export function layerNorm({ f32 }: MemoryViews): Kernels['layerNorm'] {
  return (x, xStride, gain, bias, y, yStride, rows, width, epsilon) => {
    for (let row = 0; row < rows; row++) {
      const start = (x + row * xStride) >> 2;
      const values = f32.slice(start, start + width);
      const mean = f(sum(values) / width);
      const r = inverseDeviation(values, mean, epsilon);
      for (let i = 0; i < width; i++) {
        const scaled = multiply(multiply(f(values[i] - mean), r), f32[(gain >> 2) + i]);
        f32[((y + row * yStride) >> 2) + i] = bias ? add(scaled, f32[(bias >> 2) + i]) : scaled;
      }
    }
  };
}

/** The twin of {@link Kernels.rmsNorm}. */
export function rmsNorm({ f32 }: MemoryViews): Kernels['rmsNorm'] {
  return (x, xStride, gain, y, yStride, rows, width, epsilon) => {
    for (let row = 0; row < rows; row++) {
      const start = (x + row * xStride) >> 2;
      const values = f32.slice(start, start + width);
      const r = inverseDeviation(values, 0, epsilon);
      for (let i = 0; i < width; i++) f32[((y + row * yStride) >> 2) + i] = multiply(multiply(values[i], r), f32[(gain >> 2) + i]);
    }
  };
}
