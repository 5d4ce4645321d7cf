import { GptEdgeError } from '../core/errors.ts';
import type { LanguageModel } from './language-model.ts';

/** What an API calls the two. */
export interface ContextFields {
  prompt: string;
  maxTokens: string;
}

const FIELDS: ContextFields = { prompt: 'prompt', maxTokens: 'max_tokens' };

/** @throws GptEdgeError `context_length_exceeded`, with both numbers, where prompt and completion do not fit the window */
export function checkContext(model: LanguageModel, promptTokens: number, maxTokens: number, fields = FIELDS): void {
  const { contextWindow } = model.decoder;
  if (promptTokens + maxTokens <= contextWindow) return;
  throw new GptEdgeError(
    'context_length_exceeded',
    `The context window of ${model.id} is ${contextWindow} tokens; ${promptTokens + maxTokens} were requested (${promptTokens} in the prompt, ${maxTokens} for the completion).`,
    { param: promptTokens < contextWindow ? fields.maxTokens : fields.prompt },
  );
}
