/**
 * Byte-pair encoding (BPE), after Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword
 * Units" (2016), in the form that a Hugging Face tokenizer.json describes.
 *
 * The idea: a word starts as one token for each of its characters. An ordered list of merges, learned from a corpus,
 * says which two adjacent tokens may become one. Encoding repeats the merge of the lowest rank that is possible
 * anywhere in the word, the leftmost of equals first, until no adjacent tokens merge.
 *
 * The parts, each in a file of its own:
 * - `CompactVocabulary` maps spellings to token ids and back.
 * - `CompactMerges` maps a pair of tokens to the rank of its merge, and a rank to the merged token.
 * - `PairMerger` finds the merges of a word by a linked list and a priority queue, as SentencePiece and Hugging
 *   Face's tokenizers do: O(n log n) for n characters, where a search for the best pair after each merge would take
 *   O(n²). That matters, because a text without spaces is a single long word.
 * - `readWithCompactBpe` reads the tables out of a tokenizer.json.
 *
 * "Compact" means that the tables are typed arrays with open addressing, in place of JavaScript strings and maps. A
 * Worker's isolate has 128 MB for everything, and these tables take a sixth of the memory that @huggingface/tokenizers
 * takes for its own.
 */

import { z } from 'zod';
import type { Pace, Steps } from '../pace.ts';
import type { CompactMerges } from './compact-merges.ts';
import type { CompactVocabulary } from './compact-vocabulary.ts';
import { PairMerger } from './pair-merger.ts';

const noSuffix = z.literal('').nullish();

/** The options of a tokenizer.json's model that {@link CompactBpe} supports, apart from vocabulary and merges. */
export const bpeOptionsSchema = z.looseObject({
  type: z.literal('BPE').optional(),
  unk_token: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  /** With dropout the same text has different tokens. */
  dropout: z.literal(0).nullish(),
  continuing_subword_prefix: noSuffix,
  end_of_word_suffix: noSuffix,
  continuing_subword_suffix: noSuffix,
});

/**
 * Characters below this code have their tokens in a table. These are ASCII, the rest of Latin-1 and the byte alphabet
 * of GPT-2, to which most characters of a text belong.
 */
const TABLE_SIZE = 0x180;
/** Words up to this length share scratch arrays. Longer words are rare; each gets arrays of its own. */
const SCRATCH_LENGTH = 256;

/** Characters that are looked up, or put out as tokens, in the time that one takes to be merged. */
const SPLIT_PER_MERGED = 4;

const makeScratch = (length: number) => ({ units: new Uint16Array(length), symbols: new Int32Array(length) });

/** Encodes words to token ids. The ids are those that the `BPE` of @huggingface/tokenizers gives. */
export class CompactBpe {
  readonly #vocabulary: CompactVocabulary;
  readonly #merger: PairMerger;
  readonly #ignoreMerges: boolean;
  readonly #fuseUnknown: boolean;
  /** The token for unknown characters; -1 if there is none, in which case unknown characters are left out. */
  readonly #unknown: number;
  /** [256] The token of each byte, or -1 if the vocabulary lacks it; null without byte fallback. */
  readonly #bytes: Int32Array | null;
  /** [TABLE_SIZE] The token of each character, or -1. */
  readonly #characters: Int32Array;
  readonly #scratch = makeScratch(SCRATCH_LENGTH);
  readonly #utf8 = new TextEncoder();

  constructor(vocabulary: CompactVocabulary, merges: CompactMerges, options: z.infer<typeof bpeOptionsSchema>) {
    this.#vocabulary = vocabulary;
    this.#merger = new PairMerger(merges);
    this.#ignoreMerges = options.ignore_merges ?? false;
    this.#fuseUnknown = options.fuse_unk ?? false;
    this.#unknown = typeof options.unk_token === 'string' ? vocabulary.findText(options.unk_token) : -1;
    const byteToken = (byte: number) => vocabulary.findText(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    this.#bytes = options.byte_fallback ? Int32Array.from({ length: 256 }, (_, byte) => byteToken(byte)) : null;
    this.#characters = Int32Array.from({ length: TABLE_SIZE }, (_, code) => vocabulary.findText(String.fromCharCode(code)));
  }

  /** The token's spelling in the vocabulary; empty for an id without a token. */
  spelling(id: number): string {
    return this.#vocabulary.spelling(id);
  }

  /** The token for unknown characters; undefined if there is none. */
  get unknown(): number | undefined {
    return this.#unknown < 0 ? undefined : this.#unknown;
  }

  /** One more than the largest id. */
  get size(): number {
    return this.#vocabulary.size;
  }

  /** Adds the token ids of a word to `ids`, as the pre-tokenizer has split it off. It yields only for long words. */
  *encode(word: string, ids: number[], pace: Pace): Steps<void> {
    const first = ids.length;
    const isLong = word.length > SCRATCH_LENGTH;
    const { units, symbols } = isLong ? makeScratch(word.length) : this.#scratch;
    for (let at = 0; at < word.length; at++) units[at] = word.charCodeAt(at);
    const whole = this.#ignoreMerges ? this.#vocabulary.find(units, 0, word.length) : -1;
    if (whole >= 0) {
      ids.push(whole);
      return;
    }
    let length = 0;
    for (let at = 0; at < word.length; ) {
      const end = Math.min(word.length, at + SCRATCH_LENGTH);
      [at, length] = this.#split(units, at, end, word.length, symbols, length);
      if (isLong && pace.isDue(SCRATCH_LENGTH / SPLIT_PER_MERGED)) yield pace.take();
    }
    const count = yield* this.#merger.merge(symbols, length, pace);
    for (let index = 0; index < count; index++) {
      if (symbols[index] >= 0) ids.push(symbols[index]);
      else this.#pushUnknown(~symbols[index], ids, first);
      if (isLong && pace.isDue(1 / SPLIT_PER_MERGED)) yield pace.take();
    }
  }

  /**
   * Writes the token of each character that begins before `stop` into `symbols`. A character without a token is written
   * as the complement of its code point, a negative number that no merge contains.
   * @param length the number of units
   * @param start where in `symbols` to write
   * @returns where in `units` to go on, and where in `symbols`
   */
  #split(units: Uint16Array, from: number, stop: number, length: number, symbols: Int32Array, start: number): [at: number, count: number] {
    const characters = this.#characters;
    let [at, count] = [from, start];
    while (at < stop) {
      const unit = units[at];
      const isPair = (unit & 0xfc00) === 0xd800 && at + 1 < length && (units[at + 1] & 0xfc00) === 0xdc00;
      const end = at + (isPair ? 2 : 1);
      const token = unit < TABLE_SIZE ? characters[unit] : this.#vocabulary.find(units, at, end);
      const code = isPair ? 0x10000 + ((unit & 0x3ff) << 10) + (units[at + 1] & 0x3ff) : unit;
      // What nothing stands for is left out, so that its neighbours become neighbours of each other.
      if (token >= 0 || this.#unknown >= 0 || this.#bytesOf(code)) symbols[count++] = token >= 0 ? token : ~code;
      at = end;
    }
    return [at, count];
  }

  /**
   * Adds the tokens of the character's bytes if the vocabulary has all of them, else the unknown token.
   * @param first where the word's tokens begin: unknown characters are fused within a word
   */
  #pushUnknown(code: number, ids: number[], first: number): void {
    const tokens = this.#bytesOf(code);
    const isRepeated = this.#fuseUnknown && ids.length > first && ids[ids.length - 1] === this.#unknown;
    if (tokens) ids.push(...tokens);
    else if (!isRepeated) ids.push(this.#unknown);
  }

  #bytesOf(code: number): number[] | undefined {
    if (!this.#bytes) return undefined;
    const tokens = Array.from(this.#utf8.encode(String.fromCodePoint(code)), (byte) => this.#bytes![byte]);
    return tokens.includes(-1) ? undefined : tokens;
  }
}
