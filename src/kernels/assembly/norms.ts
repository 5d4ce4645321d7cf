import { storeTail, sumOfLanes } from './inline/vectors';

// The norms of rows. Both compute sums over a row in one order, which makes them the same on every machine:
//
// 1. Element i of the whole eights is added to lane i mod 8.
// 2. Lanes l and l + 4 are added, and these four as in sumOfLanes.
// 3. The elements of the tail are added one by one.
//
// Precondition: rows, gain and bias start at multiples of 16 bytes.

/** The sum of a row. */
function sum(x: usize, width: i32): f32 {
  const eights = (<usize>(width & ~7)) << 2;
  const end = (<usize>width) << 2;
  let i: usize = 0;
  let a = f32x4.splat(0);
  let b = a;
  for (; i < eights; i += 32) {
    a = f32x4.add(a, v128.load(x + i));
    b = f32x4.add(b, v128.load(x + i, 16));
  }
  let total = sumOfLanes(f32x4.add(a, b));
  for (; i < end; i += 4) total += load<f32>(x + i);
  return total;
}

/** The sum of (x - mean)^2 of a row. */
function squares(x: usize, width: i32, mean: f32): f32 {
  const eights = (<usize>(width & ~7)) << 2;
  const end = (<usize>width) << 2;
  const m = f32x4.splat(mean);
  let i: usize = 0;
  let a = f32x4.splat(0);
  let b = a;
  for (; i < eights; i += 32) {
    const p = f32x4.sub(v128.load(x + i), m);
    const q = f32x4.sub(v128.load(x + i, 16), m);
    a = f32x4.add(a, f32x4.mul(p, p));
    b = f32x4.add(b, f32x4.mul(q, q));
  }
  let total = sumOfLanes(f32x4.add(a, b));
  for (; i < end; i += 4) {
    const d = load<f32>(x + i) - mean;
    total += d * d;
  }
  return total;
}

/** See Kernels.layerNorm. */
export function layerNorm(
  x: usize,
  xStride: usize,
  gain: usize,
  bias: usize,
  y: usize,
  yStride: usize,
  rows: i32,
  width: i32,
  epsilon: f32,
): void {
  const vectors = (<usize>(width & ~3)) << 2;
  const rest = width & 3;
  for (let row = 0; row < rows; row++, x += xStride, y += yStride) {
    const mean = sum(x, width) / <f32>width;
    const m = f32x4.splat(mean);
    const r = f32x4.splat(1 / sqrt<f32>(squares(x, width, mean) / <f32>width + epsilon));
    for (let i: usize = 0; i < vectors; i += 16) {
      const scaled = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + i), m), r), v128.load(gain + i));
      v128.store(y + i, bias ? f32x4.add(scaled, v128.load(bias + i)) : scaled);
    }
    if (rest) {
      const scaled = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + vectors), m), r), v128.load(gain + vectors));
      storeTail(y + vectors, bias ? f32x4.add(scaled, v128.load(bias + vectors)) : scaled, rest);
    }
  }
}

/** See Kernels.rmsNorm. */
export function rmsNorm(x: usize, xStride: usize, gain: usize, y: usize, yStride: usize, rows: i32, width: i32, epsilon: f32): void {
  const vectors = (<usize>(width & ~3)) << 2;
  const rest = width & 3;
  for (let row = 0; row < rows; row++, x += xStride, y += yStride) {
    const r = f32x4.splat(1 / sqrt<f32>(squares(x, width, 0) / <f32>width + epsilon));
    for (let i: usize = 0; i < vectors; i += 16) v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), r), v128.load(gain + i)));
    if (rest) storeTail(y + vectors, f32x4.mul(f32x4.mul(v128.load(x + vectors), r), v128.load(gain + vectors)), rest);
  }
}
