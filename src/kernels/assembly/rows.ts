import { exp } from './inline/activations';
import { maximumOf, sumOf } from './inline/reduce';
import { storeTail } from './inline/tail';

/** See Kernels.gatherRows. */
export function gatherRows(table: usize, ids: usize, y: usize, yStride: usize, rows: i32, width: i32): void {
  const bytes = <usize>width << 2;
  for (let row = 0; row < rows; row++, y += yStride) memory.copy(y, table + <usize>load<u32>(ids + (<usize>row << 2)) * bytes, bytes);
}

/** The greatest of a row. */
function greatest(x: usize, width: i32): f32 {
  const vectors = <usize>(width & ~3) << 2;
  const end = <usize>width << 2;
  let i: usize = 0;
  let m = f32x4.splat(-Infinity);
  for (; i < vectors; i += 16) m = f32x4.pmax(m, v128.load(x + i));
  let result = f32x4.extract_lane(maximumOf(m), 0);
  for (; i < end; i += 4) result = max(result, load<f32>(x + i));
  return result;
}

/** See Kernels.softmax. The sum: element i in lane i mod 4, then as in sumOf, then the tail one by one. */
export function softmax(x: usize, width: i32): void {
  const vectors = <usize>(width & ~3) << 2;
  const end = <usize>width << 2;
  const m = f32x4.splat(greatest(x, width));
  let lanes = f32x4.splat(0);
  for (let i: usize = 0; i < vectors; i += 16) {
    const e = exp(f32x4.sub(v128.load(x + i), m));
    v128.store(x + i, e);
    lanes = f32x4.add(lanes, e);
  }
  let total = sumOf(lanes);
  if (vectors < end) {
    storeTail(x + vectors, exp(f32x4.sub(v128.load(x + vectors), m)), width & 3);
    for (let i = vectors; i < end; i += 4) total += load<f32>(x + i);
  }
  const t = f32x4.splat(total);
  for (let i: usize = 0; i < vectors; i += 16) v128.store(x + i, f32x4.div(v128.load(x + i), t));
  for (let i = vectors; i < end; i += 4) store<f32>(x + i, load<f32>(x + i) / total);
}

/** See Kernels.argmax. */
export function argmax(x: usize, width: i32): i32 {
  const m = greatest(x, width);
  let i = 0;
  for (const splat = f32x4.splat(m); i + 4 <= width; i += 4) if (v128.any_true(f32x4.eq(v128.load(x + (<usize>i << 2)), splat))) break;
  while (load<f32>(x + (<usize>i << 2)) != m) i++;
  return i;
}
