// Scratch of attention: an area for each tile of up to 4 heads that share a key-value head. Everything has a fixed place for each head,
// so that the unrolled kernels need one pointer for all of them.

/** Bytes from one head's query to the next's: 256 elements, float32 or int16. */
export const QUERY_STRIDE: usize = 1024;
/** For each head 16 bytes, all lanes alike: the factor that turns its sums into scores (Q8), */
export const FACTORS: usize = 4096;
/** an integer bound of its scores so far, */
export const BOUNDS: usize = 4160;
/** and the sums of its exponentials, lane by lane. */
export const TOTALS: usize = 4224;
/** Sums of values, float32 [headDimension / 8][tile][8]. */
export const SUMS: usize = 4352;
/** A page's scores, for each head RECORD bytes. */
export const RECORDS: usize = 8448;
/** 32 float32 scores, then their exponentials. For Q8 the 32 int16 codes of these take their place, and at SCALE what a code stands for. */
export const RECORD: usize = 128;
export const SCALE: usize = 64;
/** Bytes of an area: an odd number of cache lines, for areas not to share sets of the cache. TILE_SCRATCH_BYTES in attention-layouts.ts. */
export const TILE: usize = 9024;
