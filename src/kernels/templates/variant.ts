import type { KernelVariant } from '../kernel-variant.ts';
import { type BlockSums, dotAdds, dots } from './block-sums.ts';

/** A build of the kernels. All builds give the same bits. */
export interface Variant {
  /** The name of its file in dist/kernels. */
  readonly name: KernelVariant;
  /** What the compiler may use beyond WebAssembly's first version. */
  readonly features: readonly string[];
  readonly blockSums: BlockSums;
  /**
   * How many places of a matrix the kernels of few rows read in turn (see assembly/inline/streams.ts): of quantized
   * weights by the number of rows, of floats for one row.
   */
  readonly streams: { readonly q4: Streams; readonly q8: Streams; readonly f16: number; readonly f32: number };
  /** Whether attention loads a number of each line of a page before it uses the page (touch.ts). */
  readonly touchesPages: boolean;
}

/** For 1, 2, 3 and 4 rows. */
type Streams = readonly [number, number, number, number];

const two: Variant['streams'] = { q4: [2, 1, 1, 1], q8: [2, 2, 1, 1], f16: 1, f32: 2 };
const eight: Variant['streams'] = { q4: [8, 8, 4, 4], q8: [8, 8, 4, 4], f16: 4, f32: 4 };

/**
 * bench/README.md has the measurements behind the numbers of streams. Intel's processors read one stream at half the
 * speed of eight; AMD's Zen 4 reads few streams faster than many, and has no single instruction for `dotAdds`.
 */
export const variants: readonly Variant[] = [
  { name: 'plain', features: ['simd'], blockSums: dots, streams: two, touchesPages: false },
  { name: 'vnni', features: ['simd', 'relaxed-simd'], blockSums: dotAdds, streams: eight, touchesPages: true },
  { name: 'relaxed', features: ['simd', 'relaxed-simd'], blockSums: dots, streams: two, touchesPages: false },
];
