import { createWordModel } from './models/create-word-model.ts';
import type { WordModel } from './models/word-model.ts';
import type { Pace, Steps } from './pace.ts';
import { createNormalizer } from './parts/normalizers.ts';
import { createPreTokenizer, type Word } from './parts/pre-tokenizers.ts';
import { checkParts, unsupported } from './parts/supported-parts.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** A tokenizer that knows no added tokens: it encodes their spellings like any other text. */
export interface PlainTokenizer {
  /** Whether `normalize` may change a text. */
  readonly normalizes: boolean;
  /** What the tokenizer makes of a text before it splits it into words. */
  normalize(text: string, pace: Pace): Steps<string>;
  /**
   * Adds the token ids of a normalized text to `ids`.
   * @param isBeginning whether it is the beginning of the whole text, which some tokenizers mark
   */
  encode(normalized: string, isBeginning: boolean, ids: number[], pace: Pace): Steps<void>;
  /** The token's spelling in the vocabulary; empty for an id without a token. */
  spelling(id: number): string;
  /** One more than the largest id of the vocabulary. */
  readonly size: number;
}

/** What a word counts for beside its characters, and the most that its characters count for here. */
const WORD_WORK = 2;
const LONG_WORD = 2 ** 8;

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
    *normalize(text, pace) {
      return normalizer ? yield* normalizer(text, pace) : text;
    },
    *encode(normalized, isBeginning, ids, pace) {
      if (normalized === '') return;
      const whole = { text: normalized, isFirst: isBeginning };
      const words: Iterable<Word> = preTokenizer?.(whole) ?? [whole];
      for (const { text, work = 0 } of words) {
        // The model counts the rest of a long word.
        if (pace.isDue(WORD_WORK + work + Math.min(text.length, LONG_WORD))) yield pace.take();
        if (text !== '') yield* encodeAsText(model, text, special, ids, pace);
      }
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
 * Encodes a word so that it does not become a special token. A model may spell one out of its vocabulary, for example a
 * Unigram model that has `</s>` as a piece, or a byte-pair encoding whose merges build it. Such a word is cut within
 * the token's spelling, and the parts are encoded each by itself.
 */
function* encodeAsText(model: WordModel, word: string, special: ReadonlySet<number>, ids: number[], pace: Pace): Steps<void> {
  const first = ids.length;
  yield* model.encode(word, ids, pace);
  let forbidden: number | undefined;
  for (let at = first; at < ids.length && forbidden === undefined; at++)
    if (special.has(ids[at]) && ids[at] !== model.unknown) forbidden = ids[at];
  if (forbidden === undefined) return;
  ids.length = first;
  const parts = cutWithin(word, model.spelling(forbidden));
  if (parts.length > 1) for (const part of parts) yield* encodeAsText(model, part, special, ids, pace);
  else if (model.unknown !== undefined) ids.push(model.unknown);
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
