import type { TokenConstraint } from '../core/token-constraint.ts';
import type { SamplingOptions } from './sampling/sampling-options.ts';

/** A prompt and how to continue it. The API checks the ranges. */
export interface CompletionRequest {
  /** Token ids, at least one. */
  prompt: readonly number[];
  /** How many completions of the prompt to make, each with random numbers of its own. */
  choices: number;
  /** The most tokens that a completion may have. */
  maxTokens: number;
  /** Strings that end a completion and are not part of it. */
  stops: readonly string[];
  sampling: SamplingOptions;
  /** How many alternatives to report with each token; if undefined, no log-probabilities are reported. */
  topLogprobs?: number;
  /** Token ids that the completion is expected to be like. The text does not depend on them, only the time. */
  prediction?: readonly number[];
  /** Whether to report the log-probabilities of the prompt's own tokens as well. */
  scorePrompt: boolean;
  /** What the answer must be; any text if undefined. */
  constraint?: TokenConstraint;
  /** What is computed of the prompt is reused only for prompts of the same partition; '' for those of nobody's own. */
  partition: string;
}
