import { GptEdgeError } from '../core/errors.ts';
import { createPlainTokenizer, type PlainTokenizer } from './plain-tokenizer.ts';
import { sequenceAffixes } from './sequence-affixes.ts';
import { escapeRegExp, restore } from './special-token-guard.ts';
import { type LeadingStrip, leadingStrip, TextStart } from './text-start.ts';
import { tokenBytes } from './token-bytes.ts';
import type { AddedToken, TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

export interface EncodeOptions {
  /** Add the special tokens that the tokenizer puts around a sequence, such as BOS. @default true */
  addSpecialTokens?: boolean;
  /** Read the spelling of an added token as that token. Leave this false for what a user typed. @default false */
  parseSpecialTokens?: boolean;
  /** The text has been through `guard`, and the parts between special tokens are restored. @default false */
  isGuarded?: boolean;
}

/**
 * Turns text into token ids and back, exactly as the tokenizer of a Hugging Face model does. Added tokens (EOS, marks of
 * roles and the like) are split off here, because the library cannot leave their spellings as text.
 * @example
 * ```ts
 * const tokenizer = new TextTokenizer(
 *   parseTokenizerJson(await readFile('tokenizer.json')),
 *   parseTokenizerConfig(await readFile('tokenizer_config.json')),
 * );
 * const ids = tokenizer.encode('Once upon a time');
 * tokenizer.decode(ids); // 'Once upon a time'
 * ```
 */
export class TextTokenizer {
  /** The spellings of all added tokens. */
  readonly specialTokens: readonly string[];
  readonly #plain: PlainTokenizer;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #idOfAdded: ReadonlyMap<string, number>;
  readonly #pattern: RegExp | null;
  readonly #affixes: { prefix: number[]; suffix: number[] };
  readonly #bytesOf: (entry: string) => Uint8Array;
  readonly #leadingStrip: LeadingStrip;

  /**
   * @param tokenizer what {@link parseTokenizerJson} has read
   * @param config what {@link parseTokenizerConfig} has read
   * @throws GptEdgeError `unsupported_model` if the tokenizer is neither byte-level nor like SentencePiece's, or if
   *   @huggingface/tokenizers refuses it
   */
  constructor(tokenizer: TokenizerJson, config: TokenizerConfig) {
    this.#plain = createTokenizer(tokenizer, config);
    this.#added = new Map(tokenizer.added_tokens.map((token) => [token.id, token]));
    this.#idOfAdded = new Map(tokenizer.added_tokens.map((token) => [token.content, token.id]));
    this.#pattern = addedTokenPattern(tokenizer.added_tokens);
    this.#affixes = sequenceAffixes(tokenizer);
    this.#bytesOf = tokenBytes(tokenizer);
    this.#leadingStrip = leadingStrip(tokenizer);
    this.specialTokens = tokenizer.added_tokens.map((token) => token.content);
  }

  /** The token ids of `text`. Without options, special tokens in it are text like any other. */
  encode(text: string, { addSpecialTokens = true, parseSpecialTokens = false, isGuarded = false }: EncodeOptions = {}): number[] {
    const encodeText = (plain: string) => this.#encodePlain(isGuarded ? restore(plain) : plain);
    const ids = parseSpecialTokens ? this.#encodeWithSpecialTokens(text, encodeText) : encodeText(text);
    return addSpecialTokens ? [...this.#affixes.prefix, ...ids, ...this.#affixes.suffix] : ids;
  }

  /**
   * The text of `ids`, which have to begin at the beginning of a text. Ids outside of the vocabulary stand for no text;
   * bytes that are not valid UTF-8 become U+FFFD.
   * @param options.skipSpecialTokens false shows special tokens by their spellings
   */
  decode(ids: readonly number[], { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): string {
    const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
    const shown = skipSpecialTokens ? ids.filter((id) => !this.isSpecial(id)) : ids;
    const text = shown.map((id) => utf8.decode(this.bytes(id), { stream: true })).join('') + utf8.decode();
    return this.textStart([]).push(text);
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

  /** Whether the token is a special one, which stands for no text. */
  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false;
  }

  /** The token as OpenAI's API prints it: its text, or `bytes:\xe2\x80` if its bytes are not valid UTF-8 on their own. */
  label(id: number): string {
    const bytes = this.bytes(id);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return `bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
    }
  }

  #encodePlain(text: string): number[] {
    return text === '' ? [] : this.#plain.encode(text);
  }

  #encodeWithSpecialTokens(text: string, encodeText: (plain: string) => number[]): number[] {
    const parts: number[][] = [];
    let end = 0;
    for (const match of this.#pattern ? text.matchAll(this.#pattern) : []) {
      parts.push(encodeText(text.slice(end, match.index)));
      parts.push([this.#idOfAdded.get(match.slice(1).find((spelling) => spelling !== undefined)!)!]);
      end = match.index + match[0].length;
    }
    parts.push(encodeText(text.slice(end)));
    return parts.flat();
  }
}

/** A pattern with one capture group for each added token; null if there are none. Of tokens that begin alike, the longest matches. */
function addedTokenPattern(tokens: readonly AddedToken[]): RegExp | null {
  if (tokens.length === 0) return null;
  const longestFirst = [...tokens].sort((a, b) => b.content.length - a.content.length);
  return new RegExp(
    longestFirst.map((t) => `${t.lstrip ? '\\s*' : ''}(${escapeRegExp(t.content)})${t.rstrip ? '\\s*' : ''}`).join('|'),
    'gu',
  );
}

function createTokenizer(tokenizer: TokenizerJson, config: TokenizerConfig): PlainTokenizer {
  try {
    return createPlainTokenizer(tokenizer, config);
  } catch (cause) {
    const message = `tokenizer.json cannot be used: ${(cause as Error).message}`;
    throw new GptEdgeError('unsupported_model', message, { param: 'tokenizer.json', cause });
  }
}
