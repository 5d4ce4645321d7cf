import { z } from 'zod';
import { idsSchema, type WordModel } from './word-model.ts';

export const wordLevelSchema = z.looseObject({ unk_token: z.string(), vocab: idsSchema });

/** Each word is a token, or unknown. */
export function wordLevel({ vocab, unk_token }: z.infer<typeof wordLevelSchema>): WordModel {
  const ids = new Map(Object.entries(vocab));
  const spellings = new Map([...ids].map(([word, id]) => [id, word]));
  const unknown = ids.get(unk_token);
  return {
    // biome-ignore lint/correctness/useYield: a word is looked up as a whole.
    *encode(word, target) {
      const id = ids.get(word) ?? unknown;
      if (id !== undefined) target.push(id);
    },
    spelling: (id) => spellings.get(id) ?? '',
    unknown,
    size: [...spellings.keys()].reduce((most, id) => Math.max(most, id), -1) + 1,
  };
}
