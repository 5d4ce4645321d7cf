/** How keys and values are kept: in float32, or in 8 bits with a scale for each position and head. */
export type CacheFormat = 'f32' | 'q8';
