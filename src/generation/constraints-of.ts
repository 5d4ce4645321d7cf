import { specialTokenBytes } from '../constrain/special-token.ts';
import { VocabularyConstraints } from '../constrain/vocabulary-constraints.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { TextTokenizer } from '../tokenizer/text-tokenizer.ts';

const NO_TEXT = new Uint8Array();

/**
 * The constraints of a model's answers. Special tokens are no text, so that they come only where a constraint names them,
 * and rows of the table may stand for no token.
 */
export function constraintsOf({ vocabularySize, eosTokenIds }: Manifest, tokenizer: TextTokenizer): VocabularyConstraints {
  const known = tokenizer.vocabularySize;
  const bytes = (id: number): Uint8Array => {
    if (id >= known || eosTokenIds.includes(id)) return NO_TEXT;
    return tokenizer.isSpecial(id) ? specialTokenBytes(id) : tokenizer.bytes(id);
  };
  return new VocabularyConstraints({
    size: vocabularySize,
    eosTokenIds,
    bytes,
    encode: (text) => tokenizer.encode(text, { addSpecialTokens: false }),
  });
}
