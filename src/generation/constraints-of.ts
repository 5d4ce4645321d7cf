import { VocabularyConstraints } from '../constrain/vocabulary-constraints.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { TextTokenizer } from '../tokenizer/text-tokenizer.ts';

const NO_TEXT = new Uint8Array();

/** The constraints of a model's answers. Special tokens are no text, and rows of the table may stand for no token. */
export function constraintsOf({ vocabularySize, eosTokenIds }: Manifest, tokenizer: TextTokenizer): VocabularyConstraints {
  const known = tokenizer.vocabularySize;
  const isText = (id: number) => id < known && !tokenizer.isSpecial(id) && !eosTokenIds.includes(id);
  return new VocabularyConstraints({
    size: vocabularySize,
    eosTokenIds,
    bytes: (id) => (isText(id) ? tokenizer.bytes(id) : NO_TEXT),
  });
}
