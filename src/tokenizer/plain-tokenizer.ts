import { Tokenizer } from '@huggingface/tokenizers';
import { CompactBpe } from './bpe/compact-bpe.ts';
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

/** A tokenizer that knows no added tokens: it encodes their spellings like any other text. */
export interface PlainTokenizer {
  encode(text: string): number[];
  /** The token's spelling in the vocabulary; empty for an id without a token. */
  spelling(id: number): string;
}

/** An empty model, because the library needs one to make a tokenizer's other parts. */
const NO_MODEL = { type: 'BPE', vocab: {}, merges: [] };

/**
 * Makes a tokenizer out of @huggingface/tokenizers. Only the model of a byte-pair encoding, which takes most of the
 * library's memory, is replaced by {@link CompactBpe}; normalizer, pre-tokenizer and all other models are the library's.
 * @throws Error if the library refuses the tokenizer
 */
export function createPlainTokenizer(tokenizer: TokenizerJson, config: TokenizerConfig): PlainTokenizer {
  const bpe = tokenizer.model instanceof CompactBpe ? tokenizer.model : null;
  const library = new Tokenizer({ ...exactDigits(tokenizer), added_tokens: [], ...(bpe && { model: NO_MODEL }) }, config);
  return bpe ? withCompactBpe(bpe, library, config) : withLibrary(library);
}

function withLibrary(library: Tokenizer): PlainTokenizer {
  return {
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    spelling: (id) => library.id_to_token(id) ?? '',
  };
}

/** Encodes in the same steps as the library's `Tokenizer.encode` does for a text without added tokens. */
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

type Component = Record<string, unknown> & { type: string };

/**
 * Rewrites each `Digits` of the pre-tokenizer as a `Split` on `\p{N}`. The original `Digits` means every Unicode number,
 * while that of @huggingface/tokenizers knows ASCII digits only; a `Split` is exact.
 */
export function exactDigits(tokenizer: TokenizerJson): TokenizerJson {
  const rewrite = (component: Component): Component => {
    if (Array.isArray(component.pretokenizers)) return { ...component, pretokenizers: component.pretokenizers.map(rewrite) };
    if (component.type !== 'Digits') return component;
    return { type: 'Split', pattern: { Regex: component.individual_digits ? '\\p{N}' : '\\p{N}+' }, behavior: 'Isolated', invert: false };
  };
  return tokenizer.pre_tokenizer ? { ...tokenizer, pre_tokenizer: rewrite(tokenizer.pre_tokenizer) } : tokenizer;
}
