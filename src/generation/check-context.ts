import { GptEdgeError } from '../core/errors.ts';
import type { LanguageModel } from './language-model.ts';

/** What an endpoint calls the two fields that must fit the context window together. */
export interface ContextFields {
  prompt: string;
  maxTokens: string;
}

const FIELDS: ContextFields = { prompt: 'prompt', maxTokens: 'max_tokens' };

/**
 * @throws GptEdgeError `context_length_exceeded`, with both numbers, if prompt and completion do not fit the context
 *   window together
 */
export function checkContext(model: LanguageModel, promptTokens: number, maxTokens: number, fields = FIELDS): void {
  const { contextWindow } = model.decoder;
  if (promptTokens + maxTokens <= contextWindow) return;
  throw new GptEdgeError(
    'context_length_exceeded',
    `The context window of ${model.id} is ${contextWindow} tokens; ${promptTokens + maxTokens} were requested (${promptTokens} in the prompt, ${maxTokens} for the completion).`,
    { param: promptTokens < contextWindow ? fields.maxTokens : fields.prompt },
  );
}
