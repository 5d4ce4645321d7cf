import type { Logits } from './logits.ts';

/**
 * The contract between the generation loop and an engine. It knows tokens and logits, and nothing of graphs, files or
 * requests.
 */
export interface Decoder {
  /** Which engine it is, and the format of its KV cache: what results depend on besides weights and graph. */
  readonly engine: string;
  readonly vocabularySize: number;
  /** Positions that a sequence can hold. */
  readonly contextWindow: number;
  /**
   * Multiply-adds that take some 40 to 100 ms on one core: after so much work, other requests should have their turn.
   */
  readonly multiplyAddsPerTurn: number;
  /** Makes a sequence of no tokens, with a KV cache of its own. */
  createSequence(): Sequence;
  /**
   * Puts logits [vocabularySize] that were copied earlier back into the engine's memory, to choose another token from
   * them. The result is valid until the caller awaits anything or calls the decoder or one of its sequences again.
   */
  loadLogits(values: Float32Array): Logits;
  /** Frees weights and caches. No sequence may be used afterwards. */
  dispose(): Promise<void>;
}

/** One sequence of tokens and its KV cache. */
export interface Sequence {
  /** Positions held in the KV cache. */
  readonly length: number;
  /**
   * Appends `tokens` (at least one) and returns the logits after each of the last `rows` of them, 1 by default, 0 for
   * none: [rows, vocabularySize], row-major. The array belongs to the caller.
   * @throws GptEdgeError `context_length_exceeded` if the context window would overflow, `memory_limit_exceeded` if
   *   the KV caches of all sequences leave no room; the sequence is then unchanged
   */
  forward(tokens: readonly number[], rows?: number): Promise<Float32Array>;
  /**
   * Appends `tokens` as `forward` does, but hands the logits to `read` one row at a time, where they lie in the
   * engine's memory, so that nothing is copied and no array of all rows is made.
   * @param read is called with rows 0 to `rows` - 1 in this order. It must be synchronous and must not use the
   *   decoder: requests take turns at each `await`, and the next one overwrites the logits. They are valid only until
   *   `read` returns
   * @throws as `forward` does
   */
  forwardEach(tokens: readonly number[], rows: number, read: (logits: Logits, row: number) => void): Promise<void>;
  /** Makes a second sequence with the same past; the two continue independently. */
  fork(): Sequence;
  /** Frees the KV cache; the sequence may not be used afterwards. Disposing it again does nothing. */
  dispose(): void;
}
