import type { TemplateOptions } from '../../tokenizer/chat-template.ts';
import type { ChatWireRequest } from './schemas/chat-schema.ts';

/** What a chat template renders, besides messages and tools. */
export function toTemplateOptions(body: ChatWireRequest): TemplateOptions {
  const continueFinalMessage = body.continue_final_message ?? false;
  return {
    continueFinalMessage,
    addGenerationPrompt: body.add_generation_prompt ?? !continueFinalMessage,
    variables: body.chat_template_kwargs ?? {},
  };
}
