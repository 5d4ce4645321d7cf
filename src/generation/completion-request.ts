import type { SamplingOptions } from './sampling/sampling-options.ts';

/** A prompt and how to go on from it. Ranges are the API's to check. */
export interface CompletionRequest {
  /** At least one token. */
  prompt: readonly number[];
  /** Completions of the prompt, each with random numbers of its own. */
  choices: number;
  maxTokens: number;
  /** Text that ends a completion and is not part of it. */
  stops: readonly string[];
  sampling: SamplingOptions;
  /** How many alternatives to report with each token; undefined reports no log-probabilities. */
  topLogprobs?: number;
  /** Score the prompt's own tokens too. */
  scorePrompt: boolean;
}
