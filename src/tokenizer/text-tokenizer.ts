import { GptEdgeError } from '../core/errors.ts';
import { escapeRegExp } from './escape-reg-exp.ts';
import { exactDigits } from './exact-digits.ts';
import { createPlainTokenizer, type PlainTokenizer } from './plain-tokenizer.ts';
import { sequenceAffixes } from './sequence-affixes.ts';
import { restore } from './special-token-guard.ts';
import { type LeadingStrip, leadingStrip, TextStart } from './text-start.ts';
import { tokenBytes } from './token-bytes.ts';
import type { AddedToken, TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

export interface EncodeOptions {
  /** Add what the tokenizer puts around a sequence, such as a BOS. @default true */
  addSpecialTokens?: boolean;
  /** Read the spelling of a special token as that token. What a user typed is plain text. @default false */
  parseSpecialTokens?: boolean;
  /** The text between special tokens was guarded, and is to be restored. @default false */
  isGuarded?: boolean;
}

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

/** Text to token ids and back, exactly. Splits at added tokens itself, because the library cannot leave them as text. */
export class TextTokenizer {
  /** Spellings of all added tokens: EOS, marks of roles and the like. */
  readonly specialTokens: readonly string[];
  readonly #plain: PlainTokenizer;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #idOfAdded: ReadonlyMap<string, number>;
  readonly #pattern: RegExp | null;
  readonly #affixes: { prefix: number[]; suffix: number[] };
  readonly #bytesOf: (entry: string) => Uint8Array;
  readonly #leadingStrip: LeadingStrip;

  /** @throws GptEdgeError `unsupported_model` for a tokenizer that is neither byte-level nor like SentencePiece's, or that the library refuses */
  constructor(tokenizer: TokenizerJson, config: TokenizerConfig) {
    this.#plain = createTokenizer(exactDigits(tokenizer), config);
    this.#added = new Map(tokenizer.added_tokens.map((token) => [token.id, token]));
    this.#idOfAdded = new Map(tokenizer.added_tokens.map((token) => [token.content, token.id]));
    this.#pattern = addedTokenPattern(tokenizer.added_tokens);
    this.#affixes = sequenceAffixes(tokenizer);
    this.#bytesOf = tokenBytes(tokenizer);
    this.#leadingStrip = leadingStrip(tokenizer);
    this.specialTokens = tokenizer.added_tokens.map((token) => token.content);
  }

  encode(text: string, { addSpecialTokens = true, parseSpecialTokens = false, isGuarded = false }: EncodeOptions = {}): number[] {
    const encodeText = (plain: string) => this.#encodePlain(isGuarded ? restore(plain) : plain);
    const ids = parseSpecialTokens ? this.#encodeWithSpecialTokens(text, encodeText) : encodeText(text);
    return addSpecialTokens ? [...this.#affixes.prefix, ...ids, ...this.#affixes.suffix] : ids;
  }

  /** The text of `ids`, from its beginning. A byte sequence that is no UTF-8 reads as U+FFFD. */
  decode(ids: readonly number[], { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): string {
    const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
    const shown = skipSpecialTokens ? ids.filter((id) => !this.isSpecial(id)) : ids;
    const text = shown.map((id) => utf8.decode(this.bytes(id), { stream: true })).join('') + utf8.decode();
    return this.textStart([]).push(text);
  }

  /** What takes from a text's beginning the space that belongs to none of it; nothing where the text goes on from that of `before`. */
  textStart(before: readonly number[]): TextStart {
    return new TextStart(
      this.#leadingStrip,
      before.every((id) => this.isSpecial(id)),
    );
  }

  /** The bytes a token stands for; a special token's are those of its spelling. */
  bytes(id: number): Uint8Array {
    const added = this.#added.get(id);
    return added ? new TextEncoder().encode(added.content) : this.#bytesOf(this.#plain.spelling(id));
  }

  /** Whether the token stands for no text of its own. */
  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false;
  }

  /** A token as OpenAI's API prints it: its text, or `bytes:\xe2\x80` where that is no whole UTF-8. */
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
