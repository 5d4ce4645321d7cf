// Rotary positions: each pair (a, b) of a head becomes (a cos - b sin, b cos + a sin), 4 pairs at a time and then one
// by one.

/** Rotates elements i and i + pairs of a head. */
function rotateHalves(x: usize, cos: usize, sin: usize, pairs: i32): void {
  const half = (<usize>pairs) << 2;
  const vectors = (<usize>(pairs & ~3)) << 2;
  let i: usize = 0;
  for (; i < vectors; i += 16) {
    const a = v128.load(x + i);
    const b = v128.load(x + half + i);
    const c = v128.load(cos + i);
    const s = v128.load(sin + i);
    v128.store(x + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    v128.store(x + half + i, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
  }
  for (; i < half; i += 4) {
    const a = load<f32>(x + i);
    const b = load<f32>(x + half + i);
    store<f32>(x + i, a * load<f32>(cos + i) - b * load<f32>(sin + i));
    store<f32>(x + half + i, b * load<f32>(cos + i) + a * load<f32>(sin + i));
  }
}

/** Rotates elements 2i and 2i + 1 of a head: shuffles separate the two of each pair, and put them together again. */
function rotateNeighbours(x: usize, cos: usize, sin: usize, pairs: i32): void {
  const vectors = (<usize>(pairs & ~3)) << 2;
  const end = (<usize>pairs) << 2;
  let i: usize = 0;
  for (; i < vectors; i += 16) {
    const at = x + (i << 1);
    const low = v128.load(at);
    const high = v128.load(at, 16);
    const a = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
    const b = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
    const c = v128.load(cos + i);
    const s = v128.load(sin + i);
    const p = f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s));
    const q = f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s));
    v128.store(at, v128.shuffle<i32>(p, q, 0, 4, 1, 5));
    v128.store(at, v128.shuffle<i32>(p, q, 2, 6, 3, 7), 16);
  }
  for (; i < end; i += 4) {
    const at = x + (i << 1);
    const a = load<f32>(at);
    const b = load<f32>(at, 4);
    store<f32>(at, a * load<f32>(cos + i) - b * load<f32>(sin + i));
    store<f32>(at, b * load<f32>(cos + i) + a * load<f32>(sin + i), 4);
  }
}

/** See Kernels.rotate. */
export function rotate(
  x: usize,
  xStride: usize,
  cos: usize,
  sin: usize,
  position: i32,
  rows: i32,
  heads: i32,
  headDimension: i32,
  pairs: i32,
  interleaved: i32,
): void {
  const stride = (<usize>pairs) << 2;
  cos += <usize>position * stride;
  sin += <usize>position * stride;
  for (let row = 0; row < rows; row++, x += xStride, cos += stride, sin += stride) {
    let head = x;
    for (let i = 0; i < heads; i++, head += (<usize>headDimension) << 2) {
      if (interleaved) rotateNeighbours(head, cos, sin, pairs);
      else rotateHalves(head, cos, sin, pairs);
    }
  }
}
