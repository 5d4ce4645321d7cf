import type { Kernels } from '../kernels.ts';
import type { MemoryViews } from '../memory-views.ts';
import type { RowKernels } from '../row-kernels.ts';
import { gelu, geluTanh, relu, sigmoid, silu, tanh } from './activations.ts';
import { add, f, multiply, sumOfLanes } from './arithmetic.ts';

/** The reference of RowKernels. */
export function referenceRows(views: MemoryViews): RowKernels {
  return {
    add: binaryMap(views, add),
    multiply: binaryMap(views, multiply),
    layerNorm: layerNorm(views),
    rmsNorm: rmsNorm(views),
    sigmoid: unaryMap(views, sigmoid),
    silu: unaryMap(views, silu),
    swiGlu: binaryMap(views, (gate, up) => multiply(silu(gate), up)),
    gelu: unaryMap(views, gelu),
    geluTanh: unaryMap(views, geluTanh),
    relu: unaryMap(views, relu),
    tanh: unaryMap(views, tanh),
    rotate: rotate(views),
  };
}

/** A kernel that computes each element of y from that of x. */
function unaryMap({ f32 }: MemoryViews, element: (x: number) => number): Kernels['silu'] {
  return (x, xStride, y, yStride, rows, width) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++) f32[((y + row * yStride) >> 2) + i] = element(f32[((x + row * xStride) >> 2) + i]);
  };
}

/** A kernel that computes each element of y from those of a and b. */
function binaryMap({ f32 }: MemoryViews, element: (a: number, b: number) => number): Kernels['add'] {
  return (a, aStride, b, bStride, y, yStride, rows, width) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++)
        f32[((y + row * yStride) >> 2) + i] = element(f32[((a + row * aStride) >> 2) + i], f32[((b + row * bStride) >> 2) + i]);
  };
}

/**
 * Adds element i to lane i mod 8, then lanes l and l + 4, then these four as sumOfLanes does, then the tail one by one.
 */
function sum(values: Float32Array): number {
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

/** The reference of {@link Kernels.layerNorm}. */
function layerNorm({ f32 }: MemoryViews): Kernels['layerNorm'] {
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

/** The reference of {@link Kernels.rmsNorm}. */
function rmsNorm({ f32 }: MemoryViews): Kernels['rmsNorm'] {
  return (x, xStride, gain, y, yStride, rows, width, epsilon) => {
    for (let row = 0; row < rows; row++) {
      const start = (x + row * xStride) >> 2;
      const values = f32.slice(start, start + width);
      const r = inverseDeviation(values, 0, epsilon);
      for (let i = 0; i < width; i++) f32[((y + row * yStride) >> 2) + i] = multiply(multiply(values[i], r), f32[(gain >> 2) + i]);
    }
  };
}

/** The reference of {@link Kernels.rotate}. */
function rotate({ f32 }: MemoryViews): Kernels['rotate'] {
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
