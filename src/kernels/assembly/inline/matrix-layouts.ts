// The sizes of packed matrices, as matrix-layouts.ts states them for the host.

// @ts-ignore: decorator
@inline
export function blocksOf(inputs: i32): usize {
  return <usize>((inputs + 31) >> 5);
}

/** Bytes of the codes and scales of 8 outputs' block. */
export const Q4_RECORD: usize = 144;
export const Q8_RECORD: usize = 272;
/** Where the scales begin in such a record. */
export const Q4_SCALES: usize = 128;
export const Q8_SCALES: usize = 256;

/** Bytes of 8 outputs. */
// @ts-ignore: decorator
@inline
export function q4GroupBytes(blocks: usize): usize {
  return blocks * Q4_RECORD + ((blocks + 1) >> 1) * 32 + 64;
}

// @ts-ignore: decorator
@inline
export function q8GroupBytes(blocks: usize): usize {
  return blocks * Q8_RECORD + 32;
}

/** Bytes of one row's block of activations: codes and float32 scale. */
export const Q4_ACTIVATIONS: usize = 36;
export const Q8_ACTIVATIONS: usize = 68;

/** Rows of activations: one alone, or else filled up to fours. */
// @ts-ignore: decorator
@inline
export function paddedRows(rows: i32): usize {
  return rows == 1 ? 1 : <usize>((rows + 3) & ~3);
}

/** The largest magnitude of a minimum's integer in q4. */
export const MAX_MINIMUM: i32 = 4095;

/** Below, scales count as zero: their reciprocals would overflow. */
export const SMALLEST_SCALE: f32 = reinterpret<f32>((127 - 100) << 23);
