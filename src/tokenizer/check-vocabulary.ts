import { unsupported } from './parts/supported-parts.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

/**
 * Checks that every token has a row in the model's embedding. A token without one would never be generated, and would
 * read beyond the table's end where it is fed. Rows without a token do no harm.
 * @param vocabularySize the rows of the embedding
 * @throws GptEdgeError `unsupported_model`
 */
export function checkVocabulary(tokenizer: TextTokenizer, vocabularySize: number): void {
  const largest = tokenizer.vocabularySize - 1;
  if (largest >= vocabularySize) throw unsupported(`token id ${largest} is outside the model's vocabulary of ${vocabularySize} tokens`);
}
