import { AddedTokenFinder, type Allowed, type TextPiece } from './added-tokens.ts';
import { createPlainTokenizer, type PlainTokenizer } from './plain-tokenizer.ts';
import { sequenceAffixes } from './sequence-affixes.ts';
import { coverage, type WrittenRanges, wholeRange } from './template/written-ranges.ts';
import { type TextParts, textParts } from './text-parts.ts';
import { type LeadingStrip, leadingStrip, TextStart } from './text-start.ts';
import { tokenBytes } from './token-bytes.ts';
import type { AddedToken, TokenizerJson } from './tokenizer-json.ts';

export interface EncodeOptions {
  /** Add the special tokens that the tokenizer puts around a sequence, such as BOS. @default true */
  addSpecialTokens?: boolean;
  /**
   * Where the spelling of a special token is read as that token: everywhere, or only within the ranges that a chat
   * template wrote. What a user typed must not become a special token. @default nowhere
   */
  parseSpecialTokens?: boolean | WrittenRanges;
}

/**
 * Turns text into token ids and back, exactly as the tokenizer of a Hugging Face model does. Added tokens (EOS, marks
 * of roles and the like) are split off here, because the spelling of a special one may be text. Added tokens that are
 * not special are found in any text, as in Hugging Face's tokenizers.
 * @example
 * ```ts
 * const tokenizer = new TextTokenizer(parseTokenizerJson(await readFile('tokenizer.json')));
 * const ids = tokenizer.encode('Once upon a time');
 * tokenizer.decode(ids); // 'Once upon a time'
 * ```
 */
export class TextTokenizer {
  readonly #plain: PlainTokenizer;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #raw: AddedTokenFinder;
  readonly #normalized: AddedTokenFinder;
  readonly #affixes: { prefix: number[]; suffix: number[] };
  readonly #bytesOf: (entry: string) => Uint8Array;
  readonly #leadingStrip: LeadingStrip;
  readonly #partsOf: TextParts;

  /**
   * @param tokenizer what {@link parseTokenizerJson} has read
   * @throws GptEdgeError `unsupported_model`, naming a part of the tokenizer that is not supported
   */
  constructor(tokenizer: TokenizerJson) {
    const added = tokenizer.added_tokens;
    this.#added = new Map(added.map((token) => [token.id, token]));
    this.#plain = createPlainTokenizer(tokenizer, new Set(added.filter(({ special }) => special).map(({ id }) => id)));
    // Where a normalizer changes the text, it is no longer known what of it a template wrote, so special tokens are
    // found before.
    const isNormalized = ({ special, normalized }: AddedToken) =>
      special ? normalized === true && !this.#plain.normalizes : (normalized ?? true);
    this.#raw = new AddedTokenFinder(added.filter((token) => !isNormalized(token)));
    this.#normalized = new AddedTokenFinder(added.filter(isNormalized), ({ content }) => this.#plain.normalize(content));
    this.#affixes = sequenceAffixes(tokenizer);
    this.#bytesOf = tokenBytes(tokenizer);
    this.#leadingStrip = leadingStrip(tokenizer);
    this.#partsOf = textParts(tokenizer);
  }

  /** The token ids of `text`. Without options, special tokens in it are text like any other. */
  encode(text: string, { addSpecialTokens = true, parseSpecialTokens = false }: EncodeOptions = {}): number[] {
    const written = parseSpecialTokens === true ? wholeRange(text.length) : parseSpecialTokens || [];
    const pieces = this.#raw.split(text, specialWithin(written));
    const allowed = specialWithin(written);
    const ids = pieces.flatMap((piece) => ('id' in piece ? [piece.id] : this.#encodeText(piece, allowed)));
    return addSpecialTokens ? [...this.#affixes.prefix, ...ids, ...this.#affixes.suffix] : ids;
  }

  /**
   * Encodes as `encode`, in parts: it yields the number of characters that it encodes next, and returns the token ids.
   * The caller may do other work in between.
   */
  *encodeParts(text: string, { addSpecialTokens = true }: Pick<EncodeOptions, 'addSpecialTokens'> = {}): Generator<number, number[]> {
    const encoded: number[][] = [];
    for (const part of this.#partsOf(text)) {
      yield part.length;
      encoded.push(this.encode(part, { addSpecialTokens: false }));
    }
    const ids = encoded.flat();
    return addSpecialTokens ? [...this.#affixes.prefix, ...ids, ...this.#affixes.suffix] : ids;
  }

  /**
   * The text of `ids`, which have to begin at the beginning of a text. Ids outside of the vocabulary stand for no text;
   * bytes that are not valid UTF-8 become U+FFFD.
   * @param options.skipSpecialTokens false shows special tokens by their spellings
   */
  decode(ids: readonly number[], { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): string {
    const parts = this.decodeParts(ids, { skipSpecialTokens });
    for (;;) {
      const { done, value } = parts.next();
      if (done) return value;
    }
  }

  /**
   * Decodes as `decode`, in parts: it yields the number of tokens that it decodes next, and returns the text. The
   * caller may do other work in between.
   */
  *decodeParts(ids: readonly number[], { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): Generator<number, string> {
    const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
    let text = '';
    for (let start = 0; start < ids.length; start += IDS_OF_A_PART) {
      const part = ids.slice(start, start + IDS_OF_A_PART);
      yield part.length;
      for (const id of part) if (!(skipSpecialTokens && this.isSpecial(id))) text += utf8.decode(this.bytes(id), { stream: true });
    }
    return this.textStart([]).push(text + utf8.decode());
  }

  /**
   * Removes the space that SentencePiece puts before a text, from a text that comes in pieces.
   * @param before the tokens that the text continues. It is a beginning if all of them are special tokens; otherwise
   *   nothing is removed.
   */
  textStart(before: readonly number[]): TextStart {
    return new TextStart(
      this.#leadingStrip,
      before.every((id) => this.isSpecial(id)),
    );
  }

  /** The bytes that a token stands for. An added token stands for the bytes of its spelling. */
  bytes(id: number): Uint8Array {
    const added = this.#added.get(id);
    return added ? new TextEncoder().encode(added.content) : this.#bytesOf(this.#plain.spelling(id));
  }

  /** One more than the largest token id. */
  get vocabularySize(): number {
    return Math.max(this.#plain.size, ...[...this.#added.keys()].map((id) => id + 1));
  }

  /** Whether the token is a special one, which stands for no text. */
  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false;
  }

  /**
   * The token as OpenAI's API prints it: its text, or `bytes:\xe2\x80` if its bytes are not valid UTF-8 on their own.
   */
  label(id: number): string {
    const bytes = this.bytes(id);
    const text = UTF8.decode(bytes);
    if (!text.includes('\uFFFD') || isEqual(new TextEncoder().encode(text), bytes)) return text;
    return `bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }

  #encodeText({ text, start }: TextPiece, allowed: Allowed): number[] {
    const pieces = this.#normalized.split(this.#plain.normalize(text), (token, from, to) => allowed(token, start + from, start + to));
    return pieces.flatMap((piece) => ('id' in piece ? [piece.id] : this.#plain.encode(piece.text, start + piece.start === 0)));
  }
}

/** A few milliseconds of work. */
const IDS_OF_A_PART = 2 ** 12;

/** Not a new one for each token: making one takes ten times as long as using it. */
const UTF8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);

/** Special tokens are read only in what a template wrote, all others everywhere. */
function specialWithin(written: WrittenRanges): Allowed {
  const coverageOf = coverage(written);
  return ({ special }, start, end) => (special ? coverageOf(start, end) : 'all');
}
