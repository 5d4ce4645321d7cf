/**
 * The passes of sampling over one row of logits, float32 [width], indexed by token id. `width` is a multiple of
 * VOCABULARY_BLOCK: the host pads the row with -Infinity, which ranks after everything else and has weight 0. Tokens
 * are ranked by logit; of equal logits the lower id comes first. Sums are computed in float64: element i is added to
 * lane i mod 8, then lanes l and l + 4, l and l + 2, l and l + 1. A sum therefore does not depend on where elements
 * that count 0 lie. No logit may be NaN.
 */
export interface VocabularyKernels {
  /** The id of the greatest logit; of equal ones, the first. */
  argmax(logits: number, width: number): number;
  /**
   * weights = e^((logits - greatest) scale), float32, computed as 2^d with d = scale log2 e (logits - greatest). The
   * exponent d is rounded to 2^-23 |d|; apart from that the relative error is 2.5e-7. Where d <= -127 the weight is
   * exactly 0. `greatest` is the logit that argmax finds, `scale` a finite positive float32.
   * @returns the sum of the weights
   */
  exponentials(logits: number, weights: number, width: number, greatest: number, scale: number): number;
  /**
   * Sets to 0 the weights of all tokens that rank after the token with logit `bound`, a float32, and id `last`.
   * @returns the sum of the other weights
   */
  keepTo(logits: number, weights: number, width: number, bound: number, last: number): number;
  /** How many logits are at least `bound`, a float32. */
  countFrom(logits: number, width: number, bound: number): number;
  /** The sum of the weights of logits that are at least `bound`, a float32. */
  sumFrom(logits: number, weights: number, width: number, bound: number): number;
  /**
   * Writes to `ids`, int32 [width], the ids of all logits that are at least `low` and below `high`, both float32, in
   * ascending order.
   * @returns how many there are
   */
  gatherBetween(logits: number, width: number, low: number, high: number, ids: number): number;
  /**
   * The first id at which the running sum of the weights exceeds `remaining`, or -1. Whole blocks are added at a time.
   */
  pick(weights: number, width: number, remaining: number): number;
}

/** The kernels over the vocabulary take this many elements at a time. */
export const VOCABULARY_BLOCK = 64;

/** The width of a row of logits, the padding of -Infinity included. */
export const paddedVocabulary = (vocabularySize: number): number => Math.ceil(vocabularySize / VOCABULARY_BLOCK) * VOCABULARY_BLOCK;
