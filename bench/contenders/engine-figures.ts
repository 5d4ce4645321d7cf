import type { Elapsed } from '../stopwatch.ts';

/** What every contender is measured by. Left out is what one cannot do, or not in reasonable time. */
export interface EngineFigures {
  /** Of a token's step behind few tokens, and behind many. */
  readonly short?: Elapsed;
  readonly long?: Elapsed;
  /** Of a token of a prompt. */
  readonly prefill?: Elapsed;
  /** Of a token's step behind few tokens with all that generation does: greedy sampling from a copy of the logits, no text. */
  readonly generated?: Elapsed;
  /** Size of the largest WebAssembly memory at the end. */
  readonly wasmBytes?: number;
  /** One thread reading as many bytes as a step reads of weights, per second. */
  readonly readBytesPerSecond?: number;
  /** Long over short, of neighbouring measurements. */
  readonly longOverShort?: number;
  /** Bytes of weights that a step reads over its time, as a share of `readBytesPerSecond`, of neighbouring measurements. */
  readonly bandwidthShare?: number;
}
