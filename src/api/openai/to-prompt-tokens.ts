import { GptEdgeError } from '../../core/errors.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { encodeInTurns } from '../../generation/tokenize-in-turns.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';

/** Longer than any token of a published vocabulary. GPT-2's longest has 128 characters. */
const MAX_TOKEN_LENGTH = 256;

/**
 * Refuses a text that cannot fit the context window, before it is tokenized, which takes some time.
 * @throws GptEdgeError `context_length_exceeded`
 */
export function checkTextLength(characters: number, { decoder }: LanguageModel, param: string): void {
  const { contextWindow } = decoder;
  if (characters <= contextWindow * MAX_TOKEN_LENGTH) return;
  throw new GptEdgeError(
    'context_length_exceeded',
    `This model's maximum context length is ${contextWindow} tokens. However, there are ${characters} characters in the ${param}, more than so many tokens can have.`,
    { param },
  );
}

/** A prompt as a request has it. */
type WirePrompt = string | readonly number[] | null | undefined;

/**
 * Turns a prompt into the tokens that the decoder reads. A prompt without any text becomes the token that starts a
 * sequence, as in OpenAI's API.
 * @throws GptEdgeError as `encodePrompt`
 */
export async function toPromptTokens(prompt: WirePrompt, model: LanguageModel, budget: WorkBudget): Promise<readonly number[]> {
  const tokens = await encodePrompt(prompt, model, budget);
  return tokens.length > 0 ? tokens : [startToken(model)];
}

/**
 * The tokens of a prompt; none if it has no text.
 * @param field its name in the request
 * @throws GptEdgeError `invalid_value` for a token id outside of the model's vocabulary, `context_length_exceeded` for
 *   a text that is far too long
 */
export async function encodePrompt(
  prompt: WirePrompt,
  model: LanguageModel,
  budget: WorkBudget,
  field = 'prompt',
): Promise<readonly number[]> {
  if (typeof prompt === 'string') checkTextLength(prompt.length, model, field);
  const tokens = typeof prompt === 'string' ? await encodeInTurns(prompt, model.tokenizer, budget) : (prompt ?? []);
  checkTokenIds(tokens, model, field);
  return tokens;
}

const startToken = ({ manifest }: LanguageModel): number => manifest.bosTokenId ?? manifest.eosTokenIds[0] ?? 0;

/** @throws GptEdgeError `invalid_value` for an id outside of the model's vocabulary */
export function checkTokenIds(ids: readonly number[], model: LanguageModel, param: string): void {
  const { vocabularySize } = model.decoder;
  const unknown = ids.find((id) => id >= vocabularySize);
  if (unknown === undefined) return;
  throw new GptEdgeError(
    'invalid_value',
    `Invalid ${param}: token ${unknown} is outside of the vocabulary of ${model.id}, which has ${vocabularySize} tokens.`,
    { param },
  );
}
