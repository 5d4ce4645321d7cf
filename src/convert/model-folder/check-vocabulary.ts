import { z } from 'zod';
import { GptEdgeError } from '../../core/errors.ts';

/** BPE and WordPiece map tokens to ids; Unigram lists [token, score] in the order of ids. */
const schema = z.object({
  model: z.object({ vocab: z.union([z.record(z.string(), z.number().int().min(0)), z.array(z.unknown())]) }),
  added_tokens: z.array(z.object({ id: z.number().int().min(0) })).default([]),
});

/**
 * Checks that every token of a tokenizer.json has a row in the embedding. Rows without a token do no harm.
 * @throws GptEdgeError `invalid_file`
 */
export function checkVocabulary(tokenizer: unknown, vocabularySize: number): void {
  const fail = (problem: string) => new GptEdgeError('invalid_file', `tokenizer.json: ${problem}`, { param: 'tokenizer.json' });
  const parsed = schema.safeParse(tokenizer);
  if (!parsed.success) throw fail(`${parsed.error.issues[0].path.join('.')}: ${parsed.error.issues[0].message}`);
  const { model, added_tokens: added } = parsed.data;
  let largest = Array.isArray(model.vocab) ? model.vocab.length - 1 : -1;
  const ids = Array.isArray(model.vocab) ? [] : Object.values(model.vocab);
  for (const id of ids) largest = Math.max(largest, id);
  for (const { id } of added) largest = Math.max(largest, id);
  if (largest >= vocabularySize) throw fail(`token id ${largest} is outside config.json's vocab_size of ${vocabularySize}`);
}
