import type { Elapsed } from '../stopwatch.ts';

/**
 * What every contender is measured by. A figure is left out if the contender cannot do it, or not in reasonable time.
 */
export interface EngineFigures {
  /** Time of one decode step after few tokens, and after many. */
  readonly short?: Elapsed;
  readonly long?: Elapsed;
  /** Time of one token of a prompt. */
  readonly prefill?: Elapsed;
  /** Time of one decode step after few tokens within the generation loop: greedy sampling, no text. */
  readonly generated?: Elapsed;
  /** Bytes of the largest WebAssembly memory at the end. */
  readonly wasmBytes?: number;
  /** Bytes per second that one thread reads, from as much memory as a step reads weights. */
  readonly readBytesPerSecond?: number;
  /** The time of a long step over that of a short one, measured one after the other. */
  readonly longOverShort?: number;
  /**
   * Bytes of weights that a step reads per second, as a share of `readBytesPerSecond`, measured one after the other.
   */
  readonly bandwidthShare?: number;
}
