import { Tokenizer } from '@huggingface/tokenizers';
import { escapeRegExp } from './escape-reg-exp.ts';
import { exactDigits } from './exact-digits.ts';
import { sequenceAffixes } from './sequence-affixes.ts';
import { restore } from './special-token-guard.ts';
import { tokenBytes } from './token-bytes.ts';
import type { AddedToken, TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

export interface EncodeOptions {
  /** Add what the tokenizer puts around a sequence, such as a BOS. @default true */
  addSpecialTokens?: boolean;
  /** Read the spelling of a special token as that token. What a user typed is plain text. @default false */
  parseSpecialTokens?: boolean;
}

function addedTokenPattern(tokens: readonly AddedToken[]): RegExp | null {
  if (tokens.length === 0) return null;
  const longestFirst = [...tokens].sort((a, b) => b.content.length - a.content.length);
  return new RegExp(
    longestFirst.map((t) => `${t.lstrip ? '\\s*' : ''}(${escapeRegExp(t.content)})${t.rstrip ? '\\s*' : ''}`).join('|'),
    'gu',
  );
}

/** Text to token ids and back, exactly. Splits at added tokens itself, because the library cannot leave them as text. */
export class TextTokenizer {
  /** Spellings of the tokens that stand for no text: EOS, role marks. */
  readonly specialTokens: readonly string[];
  readonly #plain: Tokenizer;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #idOfAdded: ReadonlyMap<string, number>;
  readonly #pattern: RegExp | null;
  readonly #affixes: { prefix: number[]; suffix: number[] };
  readonly #bytesOf: (entry: string) => Uint8Array;

  /** @throws GptEdgeError `unsupported_model` for a tokenizer that is not byte-level */
  constructor(tokenizer: TokenizerJson, config: TokenizerConfig) {
    this.#plain = new Tokenizer({ ...exactDigits(tokenizer), added_tokens: [] }, config);
    this.#added = new Map(tokenizer.added_tokens.map((token) => [token.id, token]));
    this.#idOfAdded = new Map(tokenizer.added_tokens.map((token) => [token.content, token.id]));
    this.#pattern = addedTokenPattern(tokenizer.added_tokens);
    this.#affixes = sequenceAffixes(tokenizer);
    this.#bytesOf = tokenBytes(tokenizer);
    this.specialTokens = tokenizer.added_tokens.map((token) => token.content);
  }

  encode(text: string, { addSpecialTokens = true, parseSpecialTokens = false }: EncodeOptions = {}): number[] {
    const ids = parseSpecialTokens ? this.#encodeWithSpecialTokens(text) : this.#encodePlain(text);
    return addSpecialTokens ? [...this.#affixes.prefix, ...ids, ...this.#affixes.suffix] : ids;
  }

  /** The text of `ids`. A byte sequence that is no UTF-8 reads as U+FFFD. */
  decode(ids: readonly number[], { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): string {
    const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
    const shown = skipSpecialTokens ? ids.filter((id) => !this.isSpecial(id)) : ids;
    return shown.map((id) => utf8.decode(this.bytes(id), { stream: true })).join('') + utf8.decode();
  }

  /** The bytes a token stands for; a special token's are those of its spelling. */
  bytes(id: number): Uint8Array {
    const added = this.#added.get(id);
    return added ? new TextEncoder().encode(added.content) : this.#bytesOf(this.#plain.id_to_token(id) ?? '');
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
    return text === '' ? [] : this.#plain.encode(text, { add_special_tokens: false }).ids;
  }

  #encodeWithSpecialTokens(text: string): number[] {
    const ids: number[] = [];
    let end = 0;
    for (const match of this.#pattern ? text.matchAll(this.#pattern) : []) {
      ids.push(...this.#encodePlain(restore(text.slice(end, match.index))));
      ids.push(this.#idOfAdded.get(match.slice(1).find((spelling) => spelling !== undefined)!)!);
      end = match.index + match[0].length;
    }
    return [...ids, ...this.#encodePlain(restore(text.slice(end)))];
  }
}
