/** See Kernels.add. */
export function add(a: usize, aStride: usize, b: usize, bStride: usize, y: usize, yStride: usize, rows: i32, width: i32): void {
  const vectors = <usize>(width & ~3) << 2;
  const end = <usize>width << 2;
  for (let row = 0; row < rows; row++) {
    let i: usize = 0;
    for (; i < vectors; i += 16) v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
    for (; i < end; i += 4) store<f32>(y + i, load<f32>(a + i) + load<f32>(b + i));
    a += aStride;
    b += bStride;
    y += yStride;
  }
}
