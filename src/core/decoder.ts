/** The contract between the generation loop and an engine. It knows tokens and logits, and nothing of graphs, files or requests. */
export interface Decoder {
  /** Which engine, and in what form it keeps its KV cache: what results depend on beside weights and graph. */
  readonly engine: string;
  readonly vocabularySize: number;
  /** Positions a sequence can hold. */
  readonly contextWindow: number;
  /** Work of some 40 to 100 ms on one core: between two of such pieces others get their turn. */
  readonly multiplyAddsPerTurn: number;
  /** A sequence of no tokens with a KV cache of its own. */
  createSequence(): Sequence;
  /** Frees weights and caches. No sequence may be used afterwards. */
  dispose(): Promise<void>;
}

/** One sequence of tokens and its KV cache. */
export interface Sequence {
  /** Positions held in the KV cache. */
  readonly length: number;
  /**
   * Appends `tokens` (at least one) and returns the logits after each of the last `rows` of them, 1 by default, 0 for none:
   * [rows, vocabularySize], row-major. The array is the engine's: valid until the next call on this sequence or on one that it shares a fork with.
   * @throws GptEdgeError `context_length_exceeded` when the context window would overflow, `memory_limit_exceeded` when the KV caches of
   *   all sequences leave no room; the sequence is then unchanged
   */
  forward(tokens: readonly number[], rows?: number): Promise<Float32Array>;
  /** A second sequence with the same past; the two go on independently. */
  fork(): Sequence;
  /** Frees the KV cache. */
  dispose(): void;
}
