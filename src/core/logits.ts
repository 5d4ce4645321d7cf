/**
 * A place in the ranking of tokens: by logit, and of equal logits the lower id first. A token passes the threshold if
 * it ranks as high as the token of this logit and id, or higher.
 */
export interface Threshold {
  readonly logit: number;
  readonly id: number;
}

/**
 * One row of logits where the engine computed it, and the passes over the whole vocabulary that it takes to choose a
 * token. Engines run them in WebAssembly with SIMD: JavaScript takes a millisecond for e^x of 49,152 logits.
 *
 * The memory is the engine's, and all sequences of a decoder use it in turn. After an `await` it may hold another
 * request's logits. `Feed.read` says for how long the logits that it is given are valid. No logit is NaN.
 */
export interface Logits {
  readonly vocabularySize: number;
  /** [vocabularySize]; may be changed in place. */
  readonly values: Float32Array;
  /** [vocabularySize]: the weights that `exponentials` wrote last. Those that `keepTo` has removed since then are 0. */
  readonly weights: Float32Array;
  /** The token with the greatest logit; if several have it, the one with the lowest id. */
  best(): number;
  /**
   * Fills `weights` with e^((logit - greatest logit) / temperature).
   * @param temperature above 0
   * @returns the sum of the weights
   */
  exponentials(temperature: number): number;
  /** Sets the weights of all tokens that do not pass the threshold to 0. @returns the sum of the others */
  keepTo(threshold: Threshold): number;
  /** How many tokens have at least this logit, a float32. */
  countFrom(logit: number): number;
  /** The sum of the weights of the tokens that have at least this logit, a float32. */
  sumFrom(logit: number): number;
  /** The tokens whose logits are at least `low` and below `high`, both float32, in the order of the ranking. */
  ranked(low: number, high: number): number[];
  /**
   * The first token, in the order of ids, at which the running sum of the weights exceeds `part`; undefined if
   * rounding keeps it below.
   */
  pick(part: number): number | undefined;
}
