import { GptEdgeError } from '../core/errors.ts';
import type { LanguageModel } from './language-model.ts';

/** It is repeated in the message. */
const CODE = 'context_length_exceeded';

/** What a request calls the two things that must fit the context window together. */
export interface ContextFields {
  prompt: 'prompt' | 'messages' | 'input';
  /** The field that limits the completion, if the request has one. */
  maxTokens?: string;
  /** The field that says how many completions to make of each prompt. @default n */
  choices?: string;
}

/**
 * @throws GptEdgeError `context_length_exceeded`, with both numbers, if prompt and completion do not fit the context
 *   window together. It names the field that was sent and can help: the limit of the completion, if the prompt alone
 *   would fit
 */
export function checkContext(
  { decoder: { contextWindow } }: LanguageModel,
  promptTokens: number,
  maxTokens: number,
  fields: ContextFields = { prompt: 'prompt' },
): void {
  if (promptTokens + maxTokens <= contextWindow) return;
  const isPromptAtFault = promptTokens >= contextWindow || fields.maxTokens === undefined;
  const complaint = fields.prompt === 'messages' ? chatComplaint : completionComplaint;
  throw new GptEdgeError(
    CODE,
    `This model's maximum context length is ${contextWindow} tokens. However, ${complaint(promptTokens, maxTokens, contextWindow)} (${CODE})`,
    { param: isPromptAtFault ? fields.prompt : fields.maxTokens },
  );
}

// Programs know a prompt that is too long by OpenAI's words, and shorten it by the numbers in them: so they stay as
// they are. LangChain looks for the code, which it does not find in an error of the `openai` package but in its
// message.

const chatComplaint = (prompt: number, completion: number, contextWindow: number): string =>
  prompt > contextWindow
    ? `your messages resulted in ${prompt} tokens. Please reduce the length of the messages.`
    : `you requested ${prompt + completion} tokens (${prompt} in the messages, ${completion} in the completion). Please reduce the length of the messages or completion.`;

const completionComplaint = (prompt: number, completion: number): string =>
  `you requested ${prompt + completion} tokens (${prompt} in your prompt; ${completion} for the completion). Please reduce your prompt; or completion length.`;
