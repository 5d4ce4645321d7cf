/** How a token is chosen from the logits. Ranges are the API's to check. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the most probable token. @default 1 */
  temperature: number;
  /** Keeps the k most probable tokens; 0 keeps all. @default 0 */
  topK: number;
  /** Keeps the fewest most probable tokens whose probabilities reach this sum; 1 keeps all. @default 1 */
  topP: number;
  /** Keeps tokens at least this fraction as probable as the most probable one. @default 0 */
  minP: number;
  /** Lowers a token's logit by this much for each time it was generated. @default 0 */
  frequencyPenalty: number;
  /** Lowers a token's logit by this much once it was generated. @default 0 */
  presencePenalty: number;
  /** Divides a positive logit, multiplies a negative one, of each token in the prompt or the completion (CTRL, Keskar et al. 2019). @default 1 */
  repetitionPenalty: number;
  /** Added to the logit of a token id. @default none */
  logitBias: ReadonlyMap<number, number>;
  /** Key of the random numbers. */
  seed: number;
}

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
