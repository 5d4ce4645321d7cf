import { GptEdgeError } from '../../core/errors.ts';
import type { LanguageModel } from '../../generation/language-model.ts';

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
