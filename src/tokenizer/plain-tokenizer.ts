import { Tokenizer } from '@huggingface/tokenizers';
import { CompactBpe } from './compact-bpe.ts';
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

/** A tokenizer without added tokens: all text is plain. */
export interface PlainTokenizer {
  encode(text: string): number[];
  /** A token's spelling in the vocabulary; empty where there is none. */
  spelling(id: number): string;
}

/** A model that costs nothing: the library makes its other parts only beside one. */
const NO_MODEL = { type: 'BPE', vocab: {}, merges: [] };

/**
 * @huggingface/tokenizers, but for the one part that takes its memory: a BPE model's words go through {@link CompactBpe}. Normalizer
 * and pre-tokenizer are the library's, and where CompactBpe does not hold a model, all of it is.
 * @throws Error where the library refuses the tokenizer
 */
export function createPlainTokenizer(tokenizer: TokenizerJson, config: TokenizerConfig): PlainTokenizer {
  // Of what else the library does to a text, these two are beyond normalizer and pre-tokenizer.
  const bpe = config.remove_space || config.do_lowercase_and_remove_accent ? null : CompactBpe.from(tokenizer.model);
  const library = new Tokenizer({ ...tokenizer, added_tokens: [], ...(bpe && { model: NO_MODEL }) }, config);
  return bpe ? withCompactBpe(bpe, library) : withLibrary(library);
}

function withLibrary(library: Tokenizer): PlainTokenizer {
  return {
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    spelling: (id) => library.id_to_token(id) ?? '',
  };
}

/** The steps of the library's `Tokenizer.encode` for a text without added tokens. */
function withCompactBpe(bpe: CompactBpe, { normalizer, pre_tokenizer: preTokenizer }: Tokenizer): PlainTokenizer {
  return {
    encode(text) {
      const normalized = normalizer ? normalizer.normalize(text) : text;
      if (normalized === '') return [];
      return bpe.encode(preTokenizer ? preTokenizer.pre_tokenize(normalized, { section_index: 0 }) : [normalized]);
    },
    spelling: (id) => bpe.spelling(id),
  };
}
