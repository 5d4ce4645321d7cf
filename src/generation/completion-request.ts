import type { TokenConstraint } from '../core/token-constraint.ts';
import type { SamplingOptions } from './sampling/sampling-options.ts';

/** A prompt and how to continue it. The API checks the ranges. */
export interface CompletionRequest {
  /** Token ids, at least one. */
  prompt: readonly number[];
  /** How many completions of the prompt to make, each with random numbers of its own. */
  choices: number;
  /** How many of them are returned: those whose tokens are the most probable on average. All by default. */
  kept?: number;
  /** The most tokens that a completion may have. */
  maxTokens: number;
  /** Strings that end a completion and are not part of it. */
  stops: readonly string[];
  /** Ids of tokens that end the completion, besides the model's EOS tokens. */
  endTokenIds?: readonly number[];
  sampling: SamplingOptions;
  /** How many alternatives to report with each token; if undefined, no log-probabilities are reported. */
  topLogprobs?: number;
  /** Token ids that the completion is expected to be like. The text does not depend on them, only the time. */
  prediction?: readonly number[];
  /** How many alternatives to report with each token of the prompt; if undefined, the prompt is not scored. */
  promptLogprobs?: number;
  /** What the answer must be; any text if undefined. */
  constraint?: TokenConstraint;
  /** What is computed of the prompt is reused only for prompts of the same partition; '' for those of nobody's own. */
  partition: string;
}
