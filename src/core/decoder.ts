import type { Logits } from './logits.ts';

/**
 * The contract between the generation loop and an engine. It knows tokens and logits, and nothing of graphs, files or
 * requests.
 */
export interface Decoder {
  /** Names the engine and the format of its KV cache. Results depend on both, besides weights and graph. */
  readonly engine: string;
  readonly vocabularySize: number;
  /** Positions that a sequence can hold. */
  readonly contextWindow: number;
  /**
   * Multiply-adds that take some 40 to 100 ms on one core: after so much work, other requests should have their turn.
   */
  readonly multiplyAddsPerTurn: number;
  /**
   * How many times as long a multiply-add takes as with the edge engine, whose is 1. With it, a limit in multiply-adds
   * is one of time.
   */
  readonly costOfMultiplyAdd: number;
  /**
   * Floats of the hidden state that `Feed.readHidden` is given; null if the engine gives logits alone, as onnxruntime-web
   * does, because a graph has no output for it.
   */
  readonly hiddenSize: number | null;
  /** The room that all sequences share. */
  readonly kvCache: KvCache;
  /** The model's adapters. Absent if the engine applies none. */
  readonly adapters?: Adapters;
  /**
   * Makes a sequence of no tokens; or, with `prefix`, one that begins with as many of the prefix's tokens as the cache
   * still has. Its `length` says how many. It is at most one less than there are tokens, so that there is a token to
   * feed, after which logits are given.
   */
  createSequence(prefix?: Prefix): Sequence;
  /**
   * Appends each feed's tokens to its sequence, all in one step. Each sequence gives bit for bit the logits that it
   * would give alone. The edge engine computes before it returns its promise, so that nothing else runs in between.
   * @param feeds each of another sequence
   * @throws GptEdgeError `context_length_exceeded` if a context window would overflow, `memory_limit_exceeded` if the
   *   KV cache has too few free blocks: before anything is computed, so that all sequences are unchanged
   */
  forwardBatch(feeds: readonly Feed[]): Promise<void>;
  /** Frees weights and caches. No sequence may be used afterwards. */
  dispose(): Promise<void>;
}

/** Tokens whose keys and values the cache may have from earlier sequences. */
export interface Prefix {
  /** All tokens that the sequence is going to be fed. */
  readonly tokens: readonly number[];
  /**
   * Sequences reuse only what others of the same partition have computed, and what is stored with the model: '' by
   * default.
   */
  readonly partition?: string;
  /**
   * The adapter that is added to the model for the sequence, which must be loaded and stay so. Only sequences with the
   * same adapter reuse what it computes. Default: none
   */
  readonly adapter?: string;
}

/** Low-rank adapters (LoRA): what is added to the weights of a model for some of its sequences. */
export interface Adapters {
  readonly names: readonly string[];
  isLoaded(name: string): boolean;
  /** Keeps an adapter from giving way to others until `until` settles. */
  use(name: string, until: Promise<unknown>): void;
  /**
   * Loads an adapter, unless it is there. Others that nobody uses give way, the one that was used least recently first.
   * One that is being loaded, and perhaps never will be because its request was ended, is loaded again.
   * @returns null if those that are being used leave no room now
   * @throws GptEdgeError `model_not_found` if there is none of that name. The promise is rejected with
   *   `model_unavailable` for files that are missing or damaged, or belong to another model
   */
  load(name: string): Promise<void> | null;
}

/** What one sequence gets in a step. */
export interface Feed {
  readonly sequence: Sequence;
  /** The tokens to append: at least one. */
  readonly tokens: readonly number[];
  /** How many of the last tokens have their logits read: 0 for none. */
  readonly rows: number;
  /**
   * Is called with rows 0 to `rows` - 1 in this order, each with the logits after one of the last `rows` tokens, where
   * they lie in the engine's memory. It must be synchronous, must not throw, and must not use the decoder or its
   * sequences: the next rows overwrite the logits, which are valid only until it returns.
   */
  readonly read: (logits: Logits, row: number) => void;
  /**
   * The tokens of which logits are read, a bit for each in 32-bit words; by default all. An engine may leave those of
   * others at -Infinity, and what it gives for these is the same to the bit.
   */
  readonly wanted?: Uint32Array;
  /**
   * Is called in place of `read`, in the same way and under the same rules, with the hidden state [hiddenSize] of the
   * last layer after its norm: what the output head makes the logits of. The head is then not computed. Only where
   * `Decoder.hiddenSize` is a number.
   */
  readonly readHidden?: (hidden: Float32Array, row: number) => void;
}

/** The room for keys and values, in blocks of a fixed number of positions. */
export interface KvCache {
  /** Positions of a block. */
  readonly blockPositions: number;
  /** The most blocks that there can be. It may become less for a while, when the host has no more memory. */
  readonly totalBlocks: number;
  /**
   * Changes how many blocks there can be, between two steps: there are always enough for those that there have been, and
   * for one sequence that fills the context window. Absent if the engine cannot do so.
   * @param bytes to add, or, if they are negative, to give up
   * @returns the bytes that were added
   */
  addRoom?(bytes: number): number;
  /**
   * Blocks that no sequence holds. Some of them may have what ended sequences have left for others; they are used
   * when no others are free.
   */
  readonly freeBlocks: number;
}

/** One sequence of tokens and its KV cache. */
export interface Sequence {
  /** Positions held in the KV cache. */
  readonly length: number;
  /**
   * How many free blocks it takes to append this many tokens: 0 if they fit into the blocks that it holds alone. A
   * block that is shared with a fork, or that was cut back into, may have to be copied first.
   */
  blocksFor(tokens: number): number;
  /**
   * Appends `tokens` (at least one) and returns the logits after each of the last `rows` of them, 1 by default, 0 for
   * none: [rows, vocabularySize], row-major. The array belongs to the caller.
   * @throws as `Decoder.forwardBatch` does
   */
  forward(tokens: readonly number[], rows?: number): Promise<Float32Array>;
  /**
   * Appends `tokens` as `forward` does, but hands the logits to `read` one row at a time, where they lie in the
   * engine's memory, so that nothing is copied and no array of all rows is made.
   * @param read as `Feed.read`
   * @throws as `Decoder.forwardBatch` does
   */
  forwardEach(tokens: readonly number[], rows: number, read: Feed['read']): Promise<void>;
  /**
   * Drops the positions from `length` on, such as those of tokens that were guessed and turned out otherwise. Blocks
   * that are no longer needed become free.
   * @throws RangeError for more positions than the sequence has
   */
  truncate(length: number): void;
  /**
   * Makes a second sequence with the same past; the two continue independently. It takes no block by itself: whichever
   * is fed first copies the block that both would write to.
   */
  fork(): Sequence;
  /** Frees the KV cache; the sequence may not be used afterwards. Disposing it again does nothing. */
  dispose(): void;
}
