import type { ReadRates } from '../read-bandwidth.ts';
import type { Elapsed } from '../stopwatch.ts';

/**
 * The figures that are measured of every contender. A figure is left out if the contender cannot do that work, or not
 * in reasonable time.
 */
export interface EngineFigures {
  /** Time of one decode step after few tokens, and after many. */
  readonly short?: Elapsed;
  readonly long?: Elapsed;
  /** Time of one token of a prompt. */
  readonly prefill?: Elapsed;
  /** Time of one decode step after few tokens in the scheduler: greedy sampling, with the text. */
  readonly generated?: Elapsed;
  /** Bytes of the largest WebAssembly memory at the end. */
  readonly wasmBytes?: number;
  /** Bytes per second that one thread reads, from as much memory as a step reads weights, by how it reads. */
  readonly readRates?: ReadRates;
  /** The time of a long step over that of a short one, measured one after the other. */
  readonly longOverShort?: number;
  /**
   * Bytes of weights that a step reads per second, as a share of the best of `readRates`, measured one after the other.
   */
  readonly bandwidthShare?: number;
}
