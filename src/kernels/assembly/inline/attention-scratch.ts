import { ATTENTION_SUMS, MAX_TILE } from '../../layout-sizes';

// Scratch of attention: an area for each tile of up to 4 heads that share a key-value head. Everything has a fixed place for each head,
// so that the unrolled kernels need one pointer for all of them.

/** For each head 16 bytes, all lanes alike: the factor that turns its sums into scores (Q8), */
export const FACTORS: usize = 0;
/** an integer bound of its scores so far, and what exp2 takes of it: the bound - 127, ROUND - the bound; */
export const BOUNDS: usize = 64;
export const LOWEST: usize = 128;
export const ROUNDS: usize = 192;
/** and the sums of its exponentials, lane by lane. */
export const TOTALS: usize = 256;
/** For Q8 the greatest of a page's weights, lane by lane. */
export const GREATEST: usize = 320;
/** A page's scores, for each head RECORD bytes. */
export const RECORDS: usize = 384;
/** 32 float32 scores, then their exponentials. For Q8 the 32 int16 codes of these take their place, and at SCALE what a code stands for. */
export const RECORD: usize = 128;
export const SCALE: usize = 64;
/** Sums of values, float32 [headDimension / 8][tile][8]. */
export const SUMS: usize = ATTENTION_SUMS;

/**
 * The queries: float32 [headDimension][tile], or int16 [headDimension / 2][tile][2], each element or pair four times: V8 folds no offset
 * into loads that splat.
 */
// @ts-ignore: decorator
@inline
export function queriesOf(scratch: usize, headDimension: i32): usize {
  return scratch + SUMS + <usize>headDimension * MAX_TILE * 4;
}
