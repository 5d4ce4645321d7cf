import { AddedTokenFinder, type Allowed, type TextPiece } from './added-tokens.ts';
import { finish, Pace, type Steps } from './pace.ts';
import { createPlainTokenizer, type PlainTokenizer } from './plain-tokenizer.ts';
import { sequenceAffixes } from './sequence-affixes.ts';
import { coverage, type WrittenRanges, wholeRange } from './template/written-ranges.ts';
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
    this.#normalized = new AddedTokenFinder(added.filter(isNormalized), ({ content }) =>
      finish(this.#plain.normalize(content, new Pace())),
    );
    this.#affixes = sequenceAffixes(tokenizer);
    this.#bytesOf = tokenBytes(tokenizer);
    this.#leadingStrip = leadingStrip(tokenizer);
  }

  /** The token ids of `text`. Without options, special tokens in it are text like any other. */
  encode(text: string, options?: EncodeOptions): number[] {
    return finish(this.encodeSteps(text, options));
  }

  /** Encodes as `encode`, in steps of a few milliseconds each. The caller may do other work in between. */
  *encodeSteps(text: string, { addSpecialTokens = true, parseSpecialTokens = false }: EncodeOptions = {}): Steps<number[]> {
    const written = parseSpecialTokens === true ? wholeRange(text.length) : parseSpecialTokens || [];
    const allowed = specialWithin(written);
    const pace = new Pace();
    const ids = addSpecialTokens ? [...this.#affixes.prefix] : [];
    for (const piece of this.#raw.split(text, specialWithin(written))) {
      if ('id' in piece) ids.push(piece.id);
      else yield* this.#encodeText(piece, allowed, ids, pace);
      if (pace.isDue(1)) yield pace.take();
    }
    yield pace.take();
    if (addSpecialTokens) ids.push(...this.#affixes.suffix);
    return ids;
  }

  /**
   * The text of `ids`, which have to begin at the beginning of a text. Ids outside of the vocabulary stand for no text;
   * bytes that are not valid UTF-8 become U+FFFD.
   * @param options.skipSpecialTokens false shows special tokens by their spellings
   */
  decode(ids: readonly number[], { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): string {
    return finish(this.decodeSteps(ids, { skipSpecialTokens }));
  }

  /** Decodes as `decode`, in steps that say how many tokens they decode. The caller may do other work in between. */
  *decodeSteps(ids: readonly number[], { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): Generator<number, string> {
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
    const { prefix, suffix } = this.#affixes;
    return [...this.#added.keys(), ...prefix, ...suffix].reduce((size, id) => Math.max(size, id + 1), this.#plain.size);
  }

  /** The id of the added token of this spelling; undefined if there is none. */
  addedId(content: string): number | undefined {
    for (const [id, token] of this.#added) if (token.content === content) return id;
    return undefined;
  }

  /** Whether the token is a special one, which stands for no text. */
  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false;
  }

  /** A text in parts: the special tokens that it spells, by their ids, and what stands between them. */
  splitSpecial(text: string): (string | number)[] {
    const isSpecial: Allowed = ({ special }) => (special ? 'all' : 'none');
    const parts = [...this.#raw.split(text, isSpecial)].flatMap((piece) =>
      'id' in piece ? [piece] : [...this.#normalized.split(piece.text, isSpecial)],
    );
    return parts.map((piece) => ('id' in piece ? piece.id : piece.text));
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

  *#encodeText({ text, start }: TextPiece, allowed: Allowed, ids: number[], pace: Pace): Steps<void> {
    const normalized = yield* this.#plain.normalize(text, pace);
    for (const piece of this.#normalized.split(normalized, (token, from, to) => allowed(token, start + from, start + to))) {
      if ('id' in piece) ids.push(piece.id);
      else yield* this.#plain.encode(piece.text, start + piece.start === 0, ids, pace);
      if (pace.isDue(1)) yield pace.take();
    }
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
