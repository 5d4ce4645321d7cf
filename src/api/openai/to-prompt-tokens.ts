import { GptEdgeError } from '../../core/errors.ts';
import type { LanguageModel } from '../../generation/language-model.ts';

/**
 * A prompt as the tokens that the decoder reads. A prompt without any text becomes the token that starts a sequence, as
 * in OpenAI's API.
 * @throws GptEdgeError `invalid_value` for a token id outside of the model's vocabulary
 */
export function toPromptTokens(prompt: string | readonly number[] | null | undefined, model: LanguageModel): readonly number[] {
  const tokens = typeof prompt === 'string' ? model.tokenizer.encode(prompt) : (prompt ?? []);
  checkTokenIds(tokens, model, 'prompt');
  return tokens.length > 0 ? tokens : [startToken(model)];
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
