import { Tokenizer } from '@huggingface/tokenizers';
import { CompactBpe } from './bpe/compact-bpe.ts';
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

/** A tokenizer that knows no added tokens: it encodes their spellings like any other text. */
export interface PlainTokenizer {
  /** Whether `normalize` may change a text. */
  readonly normalizes: boolean;
  /** What the tokenizer makes of a text before it splits it into words. */
  normalize(text: string): string;
  /**
   * The token ids of a normalized text.
   * @param isBeginning whether it is the beginning of the whole text, which some tokenizers mark
   */
  encode(normalized: string, isBeginning: boolean): number[];
  /** The token's spelling in the vocabulary; empty for an id without a token. */
  spelling(id: number): string;
}

/** A tokenizer's model: words to token ids, and back to spellings. */
interface WordModel {
  encode(words: readonly string[]): number[];
  spelling(id: number): string;
  /** The id of the token that stands for unknown text; undefined if there is none. */
  readonly unknown: number | undefined;
}

/** An empty model, because the library needs one to make a tokenizer's other parts. */
const NO_MODEL = { type: 'BPE', vocab: {}, merges: [] };

/**
 * Makes a tokenizer out of @huggingface/tokenizers. Only the model of a byte-pair encoding, which takes most of the
 * library's memory, is replaced by {@link CompactBpe}; normalizer, pre-tokenizer and all other models are the library's.
 * @param special ids that no text may become, except for the one that stands for unknown text
 * @throws Error if the library refuses the tokenizer
 */
export function createPlainTokenizer(tokenizer: TokenizerJson, config: TokenizerConfig, special: ReadonlySet<number>): PlainTokenizer {
  const bpe = tokenizer.model instanceof CompactBpe ? tokenizer.model : null;
  const library = new Tokenizer({ ...exactDigits(tokenizer), added_tokens: [], ...(bpe && { model: NO_MODEL }) }, config);
  const { normalizer, pre_tokenizer: preTokenizer } = library;
  const model = bpe ?? libraryModel(library);
  return {
    normalizes: normalizer !== null || config.remove_space === true || config.do_lowercase_and_remove_accent === true,
    // The steps are those of the library's `Tokenizer.encode`.
    normalize(text) {
      let normalized = text;
      if (config.remove_space === true) normalized = normalized.trim().split(/\s+/).join(' ');
      if (config.do_lowercase_and_remove_accent) normalized = normalized.toLowerCase().replace(/\p{M}/gu, '');
      return normalizer ? normalizer.normalize(normalized) : normalized;
    },
    encode(normalized, isBeginning) {
      if (normalized === '') return [];
      const words = preTokenizer ? preTokenizer.pre_tokenize(normalized, { section_index: isBeginning ? 0 : 1 }) : [normalized];
      return encodeAsText(model, words, special);
    },
    spelling: (id) => model.spelling(id),
  };
}

function libraryModel({ model: nullable }: Tokenizer): WordModel {
  const model = nullable!;
  const idOf = (token: string) => model.tokens_to_ids.get(token) ?? model.unk_token_id;
  return {
    encode: (words) =>
      model([...words])
        .map(idOf)
        .filter((id) => id !== undefined),
    spelling: (id) => model.vocab[id] ?? '',
    unknown: model.unk_token_id,
  };
}

/**
 * Encodes words so that none becomes a special token. A model may spell one out of its vocabulary, for example a Unigram model that has `</s>` as
 * a piece, or a byte-pair encoding whose merges build it. Such a word is cut within the token's spelling, and the parts are encoded each by
 * itself.
 */
function encodeAsText(model: WordModel, words: readonly string[], special: ReadonlySet<number>): number[] {
  const isForbidden = (id: number) => special.has(id) && id !== model.unknown;
  const ids = model.encode(words);
  if (!ids.some(isForbidden)) return ids;
  return words.flatMap((word) => {
    const wordIds = model.encode([word]);
    const forbidden = wordIds.find(isForbidden);
    if (forbidden === undefined) return wordIds;
    const parts = cutWithin(word, model.spelling(forbidden));
    if (parts.length > 1) return encodeAsText(model, parts, special);
    return model.unknown === undefined ? [] : [model.unknown];
  });
}

/** Cuts a word after the first character of each `spelling` in it, or in the middle if there is none. A single character stays whole. */
function cutWithin(word: string, spelling: string): string[] {
  const characters = Array.from(word);
  const [first, ...rest] = Array.from(spelling);
  if (rest.length === 0 || !word.includes(spelling)) {
    const middle = characters.length >> 1;
    return [characters.slice(0, middle).join(''), characters.slice(middle).join('')].filter((part) => part !== '');
  }
  const between = word.split(spelling);
  const last = between.length - 1;
  return between.map((text, index) => (index > 0 ? rest.join('') : '') + text + (index < last ? first : ''));
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
