import { halfPlace } from './inline/half';

// Scatters elements of a stored matrix into groups of 16 outputs, [inputs][16]. `line` and `at` count along the stored
// rows.

/** See MatrixKernels.packF16. */
export function packF16(source: usize, first: u32, count: u32, weights: usize, outputs: i32, inputs: i32, transposed: i32): void {
  const width = <usize>(transposed ? outputs : inputs);
  const end = source + ((<usize>count) << 1);
  let line = <usize>first / width;
  let at = <usize>first % width;
  for (; source < end; source += 2) {
    const output = transposed ? at : line;
    const input = transposed ? line : at;
    store<u16>(weights + (((output >> 4) * <usize>inputs + input) << 5) + halfPlace(output), load<u16>(source));
    if (++at == width) {
      at = 0;
      line++;
    }
  }
}

/** See MatrixKernels.packF32. */
export function packF32(source: usize, first: u32, count: u32, weights: usize, outputs: i32, inputs: i32, transposed: i32): void {
  const width = <usize>(transposed ? outputs : inputs);
  const end = source + ((<usize>count) << 2);
  let line = <usize>first / width;
  let at = <usize>first % width;
  for (; source < end; source += 4) {
    const output = transposed ? at : line;
    const input = transposed ? line : at;
    store<u32>(weights + (((output >> 4) * <usize>inputs + input) << 6) + ((output & 15) << 2), load<u32>(source));
    if (++at == width) {
      at = 0;
      line++;
    }
  }
}
