import type { LanguageModel } from '../../generation/language-model.ts';
import { encodeInTurns } from '../../generation/tokenize-in-turns.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { ChatWireRequest } from './schemas/chat-schema.ts';
import { checkTextLength } from './to-prompt-tokens.ts';

/**
 * The tokens of the text that the answer is expected to be like; undefined if the request has none.
 * @throws GptEdgeError `context_length_exceeded` for a text that is far too long
 */
export async function toPrediction(
  { prediction }: ChatWireRequest,
  model: LanguageModel,
  budget: WorkBudget,
): Promise<readonly number[] | undefined> {
  if (prediction == null) return undefined;
  const { content } = prediction;
  const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
  checkTextLength(text.length, model, 'prediction');
  return encodeInTurns(text, model.tokenizer, budget, { addSpecialTokens: false });
}
