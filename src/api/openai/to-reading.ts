import type { CompletionRequest } from '../../generation/completion-request.ts';
import { SAMPLING_DEFAULTS } from '../../generation/sampling/sampling-options.ts';

/** What it takes to read a prompt after which nothing is generated, as a request whose work can be checked. */
export const toReading = (prompt: readonly number[]): CompletionRequest => ({
  prompt,
  choices: 1,
  maxTokens: 0,
  stops: [],
  sampling: { ...SAMPLING_DEFAULTS, seed: 0 },
  partition: '',
});
