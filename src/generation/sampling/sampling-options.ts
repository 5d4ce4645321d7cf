/** How a token is chosen from the logits. The API checks the ranges. */
export interface SamplingOptions {
  /** Divides the logits; 0 chooses the most probable token. @default 1 */
  temperature: number;
  /** Keeps the k most probable tokens; 0 keeps all. @default 0 */
  topK: number;
  /** Keeps the nucleus: the fewest most probable tokens whose probabilities reach this sum; 1 keeps all. @default 1 */
  topP: number;
  /** Keeps tokens at least this fraction as probable as the most probable one; 0 keeps all. @default 0 */
  minP: number;
  /** Subtracted from a token's logit for each time the token was generated. @default 0 */
  frequencyPenalty: number;
  /** Subtracted once from the logit of each token that was generated. @default 0 */
  presencePenalty: number;
  /**
   * Divides the logit of each token in the prompt or the completion if it is positive, and multiplies it if it is
   * negative (CTRL, Keskar et al. 2019).
   * @default 1
   */
  repetitionPenalty: number;
  /** What is added to the logit, by token id. @default none */
  logitBias: ReadonlyMap<number, number>;
  /** Key of the random numbers: an integer, may be negative. */
  seed: number;
}

/**
 * The value of each option that neither the request nor the model gives. The seed has no default, because each
 * request should have its own.
 */
export const SAMPLING_DEFAULTS: Omit<SamplingOptions, 'seed'> = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  frequencyPenalty: 0,
  presencePenalty: 0,
  repetitionPenalty: 1,
  logitBias: new Map(),
};
