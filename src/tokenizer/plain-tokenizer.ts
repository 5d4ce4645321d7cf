import { createNormalizer } from './parts/normalizers.ts';
import { createPreTokenizer } from './parts/pre-tokenizers.ts';
import { checkParts, unsupported } from './parts/supported-parts.ts';
import type { TokenizerJson } from './tokenizer-json.ts';
import { createWordModel, type WordModel } from './word-model.ts';

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
  /** One more than the largest id of the vocabulary. */
  readonly size: number;
}

/**
 * Makes a tokenizer's normalizer, pre-tokenizer and model.
 * @param special ids that no text may become, except for the one that stands for unknown text
 * @throws GptEdgeError `unsupported_model`, naming a part or an option that is not supported
 */
export function createPlainTokenizer(tokenizer: TokenizerJson, special: ReadonlySet<number>): PlainTokenizer {
  const parts = checkParts(tokenizer);
  const model = createWordModel(tokenizer);
  const normalizer = named('normalizer', () => parts.normalizer && createNormalizer(parts.normalizer));
  const preTokenizer = named('pre_tokenizer', () => parts.preTokenizer && createPreTokenizer(parts.preTokenizer));
  return {
    normalizes: normalizer !== null,
    normalize: (text) => (normalizer ? normalizer(text) : text),
    encode(normalized, isBeginning) {
      if (normalized === '') return [];
      const whole = { text: normalized, isFirst: isBeginning };
      const words = preTokenizer ? preTokenizer(whole).filter(({ text }) => text !== '') : [whole];
      return encodeAsText(
        model,
        words.map(({ text }) => text),
        special,
      );
    },
    spelling: (id) => model.spelling(id),
    size: model.size,
  };
}

/** A pattern that cannot be compiled is a fault of the part that has it. */
function named<T>(part: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw unsupported(`${part}: ${(cause as Error).message}`, cause);
  }
}

/**
 * Encodes words so that none becomes a special token. A model may spell one out of its vocabulary, for example a
 * Unigram model that has `</s>` as a piece, or a byte-pair encoding whose merges build it. Such a word is cut within
 * the token's spelling, and the parts are encoded each by itself.
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

/**
 * Cuts a word after the first character of each `spelling` in it, or in the middle if there is none. A single character
 * stays whole.
 */
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
