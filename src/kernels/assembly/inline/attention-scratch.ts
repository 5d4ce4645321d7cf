import { ATTENTION_SUMS, MAX_TILE } from '../../layout-sizes';

// The scratch of attention: an area for each tile of up to 4 heads that share a key-value head. In it everything has a
// fixed place for each head, so that the unrolled kernels need one pointer for all of them.
//
// The first six fields have 16 bytes, a vector, for each head.

/** Q8 only: the factor that turns a head's integer sums into scores, in all lanes. */
export const FACTORS: usize = 0;
/** A bound of the head's scores so far: an integer, in all lanes. */
export const BOUNDS: usize = 64;
/** The bound - 127, which exp2 takes. */
export const LOWEST: usize = 128;
/** ROUND - the bound, which exp2 takes. */
export const ROUNDS: usize = 192;
/** The sums of the head's exponentials, lane by lane. */
export const TOTALS: usize = 256;
/** Q8 only: the greatest of a page's weights, lane by lane. */
export const GREATEST: usize = 320;

/** A page's scores: for each head a record of RECORD bytes. */
export const RECORDS: usize = 384;
/**
 * 32 float32 scores, and later their exponentials in their place. For Q8, the exponentials times the values' scales
 * come next, and then their 32 int16 codes, with the step of the codes at SCALE.
 */
export const RECORD: usize = 128;
export const SCALE: usize = 64;

/** The sums of values, float32 [headDimension / 8][tile][8]. */
export const SUMS: usize = ATTENTION_SUMS;

/**
 * The queries: float32 [headDimension][tile], or int16 [headDimension / 2][tile][2]. Each element or pair stands there
 * four times, because V8 does not fold offsets into loads that splat.
 */
// @ts-ignore: decorator
@inline
export function queriesOf(scratch: usize, headDimension: i32): usize {
  return scratch + SUMS + <usize>headDimension * MAX_TILE * 4;
}
