/**
 * What sampling does to one row of logits, float32 [width], its place the token's id. `width` is a multiple of VOCABULARY_BLOCK: the
 * host fills up with -Infinity, which ranks behind all else and weighs nothing. Tokens are ranked by logit, of equal ones the lower id
 * first. Sums are of float64, element i in lane i mod 8, lane l and l + 4, l and l + 2, l and l + 1: a sum does not depend on where
 * elements that count 0 lie. No logit is NaN.
 */
export interface VocabularyKernels {
  /** Index of the greatest logit, the first of equals. */
  argmax(logits: number, width: number): number;
  /**
   * weights = e^((logits - greatest) scale), float32: 2^(scale log2 e (logits - greatest)), that exponent d rounded to 2^-23 |d|, relative
   * error otherwise 2.5e-7, and exactly 0 from d <= -127 on. `greatest` is argmax's logit, `scale` a finite positive float32.
   * @returns the sum of the weights
   */
  exponentials(logits: number, weights: number, width: number, greatest: number, scale: number): number;
  /** Sets the weights of tokens to 0 that rank behind the one of logit `bound`, a float32, and id `last`. @returns the sum of the others */
  keepTo(logits: number, weights: number, width: number, bound: number, last: number): number;
  /** How many logits are at least `bound`, a float32. */
  countFrom(logits: number, width: number, bound: number): number;
  /** The sum of the weights of logits that are at least `bound`, a float32. */
  sumFrom(logits: number, weights: number, width: number, bound: number): number;
  /** Writes the ids of logits that are at least `low` and below `high`, both float32, to `ids`, int32 [width], in ascending order. @returns how many */
  gatherBetween(logits: number, width: number, low: number, high: number, ids: number): number;
  /** The first id at which the weights' running sum exceeds `remaining`, a block's added at a time; -1 where none is. */
  pick(weights: number, width: number, remaining: number): number;
}

/** Elements that the vocabulary's kernels take together. */
export const VOCABULARY_BLOCK = 64;

/** The width of a row of logits, the padding of -Infinity included. */
export const paddedVocabulary = (vocabularySize: number): number => Math.ceil(vocabularySize / VOCABULARY_BLOCK) * VOCABULARY_BLOCK;
