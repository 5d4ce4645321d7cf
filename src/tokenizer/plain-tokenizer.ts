import { Tokenizer } from '@huggingface/tokenizers';
import { CompactBpe } from './bpe/compact-bpe.ts';
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
 * @huggingface/tokenizers, but for the one part that takes its memory: the words of a byte-pair encoding go through {@link CompactBpe}.
 * Normalizer and pre-tokenizer are the library's, and for another model all of it is.
 * @throws Error where the library refuses the tokenizer
 */
export function createPlainTokenizer(tokenizer: TokenizerJson, config: TokenizerConfig): PlainTokenizer {
  const bpe = tokenizer.model instanceof CompactBpe ? tokenizer.model : null;
  const library = new Tokenizer({ ...tokenizer, added_tokens: [], ...(bpe && { model: NO_MODEL }) }, config);
  return bpe ? withCompactBpe(bpe, library, config) : withLibrary(library);
}

function withLibrary(library: Tokenizer): PlainTokenizer {
  return {
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    spelling: (id) => library.id_to_token(id) ?? '',
  };
}

/** The steps of the library's `Tokenizer.encode` for a text without added tokens. */
function withCompactBpe(bpe: CompactBpe, { normalizer, pre_tokenizer: preTokenizer }: Tokenizer, config: TokenizerConfig): PlainTokenizer {
  return {
    encode(text) {
      let normalized = text;
      if (config.remove_space === true) normalized = normalized.trim().split(/\s+/).join(' ');
      if (config.do_lowercase_and_remove_accent) normalized = normalized.toLowerCase().replace(/\p{M}/gu, '');
      if (normalizer) normalized = normalizer.normalize(normalized);
      if (normalized === '') return [];
      return bpe.encode(preTokenizer ? preTokenizer.pre_tokenize(normalized, { section_index: 0 }) : [normalized]);
    },
    spelling: (id) => bpe.spelling(id),
  };
}
