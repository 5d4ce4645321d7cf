import type { CallSyntax } from '../../core/call-syntax.ts';
import type { ChatMessage, ChatTemplate, TemplateOptions, ToolDefinition } from '../../tokenizer/chat-template.ts';
import { type TemplateCalls, templateCalls } from '../../tokenizer/template-calls.ts';
import type { LanguageModel } from '../language-model.ts';
import { encodeChatInTurns, stepsInTurns } from '../tokenize-in-turns.ts';
import type { WorkBudget } from '../work-budget.ts';
import { OWN_SYNTAX, withOwnPrompt } from './own-tool-prompt.ts';

/** A conversation that a model reads, and how it writes calls in its answer. */
export interface ToolChat {
  readonly prompt: readonly number[];
  readonly syntax: CallSyntax;
}

/** A model that can chat. */
export type ChatModel = LanguageModel & { readonly chatTemplate: ChatTemplate };

/** What is known of each template; null if calls take a prompt of our own. */
const KNOWN = new WeakMap<ChatTemplate, TemplateCalls | null>();

async function callsOf({ chatTemplate, tokenizer, manifest }: ChatModel, budget: WorkBudget): Promise<TemplateCalls | null> {
  const known = KNOWN.get(chatTemplate);
  if (known !== undefined) return known;
  const found = await stepsInTurns(templateCalls(chatTemplate, tokenizer, manifest.eosTokenIds), budget);
  KNOWN.set(chatTemplate, found);
  return found;
}

/**
 * Encodes a conversation with functions: as the model's chat template has them, or else by a prompt of our own.
 * @param messages whose calls have the JSON texts of their arguments
 * @param tools the functions that the model may call; none if the conversation only has calls of earlier answers
 * @param options what else the template renders
 * @throws GptEdgeError as `ChatTemplate.encode`
 */
export async function encodeToolChat(
  model: ChatModel,
  messages: readonly ChatMessage[],
  tools: readonly ToolDefinition[],
  budget: WorkBudget,
  options: TemplateOptions = {},
): Promise<ToolChat> {
  const calls = await callsOf(model, budget);
  const known = messages.map((message) => withArguments(message, calls));
  const shown = calls ? known : withOwnPrompt(known, tools);
  const prompt = await encodeChatInTurns(shown, model.chatTemplate, model.tokenizer, budget, { ...options, tools: calls ? tools : [] });
  return { prompt, syntax: calls?.syntax ?? OWN_SYNTAX };
}

/** The calls of a message as the template wants them. */
function withArguments(message: ChatMessage, calls: TemplateCalls | null): ChatMessage {
  const idOf = (id: string) => (calls?.hasShortIds ? shortId(id) : id);
  return {
    ...message,
    ...(message.toolCalls && {
      toolCalls: message.toolCalls.map((call) => ({
        ...call,
        id: idOf(call.id),
        arguments: calls?.takesText ? call.arguments : parsed(String(call.arguments)),
      })),
    }),
    ...(message.toolCallId !== undefined && { toolCallId: idOf(message.toolCallId) }),
  };
}

/** Nine letters and digits of an id. */
const shortId = (id: string): string =>
  id
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(-9)
    .padStart(9, '0');

/** The object; or the text as it is, if it is none: an answer may have been cut within its arguments. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : text;
  } catch {
    return text;
  }
}
