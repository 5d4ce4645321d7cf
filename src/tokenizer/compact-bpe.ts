import { z } from 'zod';
import { CompactMerges } from './compact-merges.ts';
import { CompactVocabulary } from './compact-vocabulary.ts';
import { PairMerger } from './pair-merger.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const noSuffix = z.literal('').nullish();

/** What this project runs itself of a tokenizer.json's BPE model. */
const modelSchema = z.looseObject({
  type: z.literal('BPE').optional(),
  // Taken over as they are: they have some hundred thousand parts.
  vocab: z.custom<Record<string, unknown>>(isObject),
  merges: z.custom<unknown[]>(Array.isArray),
  unk_token: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  end_of_word_suffix: noSuffix,
  continuing_subword_suffix: noSuffix,
});
type BpeModel = z.infer<typeof modelSchema>;

/** Files from before `type` existed are told apart by what they have. */
const isBpe = ({ type, ...rest }: TokenizerJson['model']) =>
  type === 'BPE' || (type === undefined && 'continuing_subword_prefix' in rest && 'unk_token' in rest);

const utf8 = new TextEncoder();

/** Below are ASCII, the rest of Latin-1 and the byte alphabet, which most characters are of: their tokens are looked up in a table. */
const TABLED_CHARACTERS = 0x180;

/** Words are short; longer ones get an array of their own, which is not kept. */
const KEPT_SYMBOLS = 256;

/**
 * Byte-pair encoding of words to token ids, equal to @huggingface/tokenizers' `BPE`, in typed arrays that take a sixth of
 * its memory.
 */
export class CompactBpe {
  readonly #vocabulary: CompactVocabulary;
  readonly #merger: PairMerger;
  readonly #ignoreMerges: boolean;
  readonly #fuseUnknown: boolean;
  /** The unknown token, or -1: then unknown characters are left out. */
  readonly #unknown: number;
  /** The tokens of the 256 bytes, -1 where one is missing; none without byte fallback. */
  readonly #bytes: Int32Array | null;
  readonly #characters: Int32Array;
  readonly #kept = new Int32Array(KEPT_SYMBOLS);

  private constructor(vocabulary: CompactVocabulary, merges: CompactMerges, model: BpeModel) {
    this.#vocabulary = vocabulary;
    this.#merger = new PairMerger(merges);
    this.#ignoreMerges = model.ignore_merges ?? false;
    this.#fuseUnknown = model.fuse_unk ?? false;
    this.#unknown = typeof model.unk_token === 'string' ? vocabulary.find(model.unk_token) : -1;
    this.#characters = Int32Array.from({ length: TABLED_CHARACTERS }, (_, code) => vocabulary.find(String.fromCharCode(code)));
    const byteToken = (byte: number) => vocabulary.find(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    this.#bytes = model.byte_fallback ? Int32Array.from({ length: 256 }, (_, byte) => byteToken(byte)) : null;
  }

  /** @returns null for another model, or a BPE with something that is not held here: suffixes, ids that come twice, merges of no tokens */
  static from(model: TokenizerJson['model']): CompactBpe | null {
    const { data } = isBpe(model) ? modelSchema.safeParse(model) : {};
    const vocabulary = data ? CompactVocabulary.from(data.vocab) : null;
    const merges = data && vocabulary ? CompactMerges.from(data.merges, vocabulary) : null;
    return data && vocabulary && merges ? new CompactBpe(vocabulary, merges, data) : null;
  }

  /** The token's spelling in the vocabulary; empty where there is none. */
  spelling(id: number): string {
    return this.#vocabulary.spelling(id);
  }

  /** The ids of the words of one text. */
  encode(words: readonly string[]): number[] {
    const ids: number[] = [];
    for (const word of words) this.#encodeWord(word, ids);
    return ids;
  }

  #encodeWord(word: string, ids: number[]): void {
    const whole = this.#ignoreMerges ? this.#vocabulary.find(word) : -1;
    if (whole >= 0) {
      ids.push(whole);
      return;
    }
    const symbols = word.length > KEPT_SYMBOLS ? new Int32Array(word.length) : this.#kept;
    const count = this.#merger.merge(symbols, this.#split(word, symbols));
    for (let index = 0; index < count; index++) {
      if (symbols[index] >= 0) this.#push(symbols[index], ids);
      else this.#pushUnknown(~symbols[index], ids);
    }
  }

  /** Writes a token for each character, or the complement of its code point where there is none. @returns how many */
  #split(word: string, symbols: Int32Array): number {
    const characters = this.#characters;
    let count = 0;
    for (let at = 0; at < word.length; count++) {
      const code = word.codePointAt(at)!;
      const end = at + (code > 0xffff ? 2 : 1);
      const token = code < TABLED_CHARACTERS ? characters[code] : this.#vocabulary.find(word, at, end);
      symbols[count] = token >= 0 ? token : ~code;
      at = end;
    }
    return count;
  }

  #pushUnknown(code: number, ids: number[]): void {
    const tokens = this.#bytes ? Array.from(utf8.encode(String.fromCodePoint(code)), (byte) => this.#bytes![byte]) : [-1];
    if (!tokens.includes(-1)) for (const token of tokens) this.#push(token, ids);
    else if (this.#unknown >= 0) this.#push(this.#unknown, ids);
  }

  #push(id: number, ids: number[]): void {
    const isRepeated = this.#fuseUnknown && id === this.#unknown && ids.length > 0 && ids[ids.length - 1] === id;
    if (!isRepeated) ids.push(id);
  }
}
