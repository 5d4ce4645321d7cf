import { z } from '@hono/zod-openapi';
import { isFreeVariable } from '../../../tokenizer/template/compiled-template.ts';
import { documentDefault } from './field-types.ts';

/** The most variables that a request gives a chat template. Templates know a few. */
const MAX_VARIABLES = 32;

/** How the conversation is rendered, as in vLLM and in transformers' `apply_chat_template`. */
export const templateFields = {
  add_generation_prompt: z
    .boolean()
    .nullish()
    .openapi(documentDefault('End the prompt where the next message of the assistant begins. False with `continue_final_message`.', true)),
  continue_final_message: z
    .boolean()
    .nullish()
    .openapi(documentDefault('Go on with the last message, in place of a new one. The answer has what comes after it.', false)),
  chat_template_kwargs: z
    .record(z.string(), z.unknown())
    .nullish()
    .openapi({ description: "Further variables of the model's chat template, such as `enable_thinking`." }),
};

type TemplateFields = { [K in keyof typeof templateFields]?: z.infer<(typeof templateFields)[K]> };

/** Checks what the fields have to do with each other, and the names of variables. */
export function checkTemplateFields(request: TemplateFields, context: z.core.$RefinementCtx): void {
  const { add_generation_prompt, continue_final_message, chat_template_kwargs } = request;
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (continue_final_message && add_generation_prompt) refuse(['continue_final_message'], 'not allowed when add_generation_prompt is true');
  const names = Object.keys(chat_template_kwargs ?? {});
  if (names.length > MAX_VARIABLES) refuse(['chat_template_kwargs'], `has at most ${MAX_VARIABLES} entries`);
  const taken = names.find((name) => !isFreeVariable(name));
  if (taken !== undefined) refuse(['chat_template_kwargs', taken], 'is not the name of a variable, or has a meaning of its own');
}
