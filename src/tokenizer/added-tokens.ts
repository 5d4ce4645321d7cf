import { unsupported } from './parts/supported-parts.ts';
import type { Coverage } from './template/written-ranges.ts';
import type { AddedToken } from './tokenizer-json.ts';

/** A piece of a text: an added token, or text between them, with the place where it begins. */
export type Piece = { readonly id: number } | TextPiece;
export interface TextPiece {
  readonly text: string;
  readonly start: number;
}

/**
 * How much of an occurrence at [start, end) may be read as the token, asked with ascending starts. Unless it is all,
 * its spelling is text; if it is some, another token may begin within.
 */
export type Allowed = (token: AddedToken, start: number, end: number) => Coverage;

/** Characters of all added tokens. They are one regular expression, and Gemma's thousands have some 60,000. */
const MAX_ADDED_LENGTH = 2 ** 18;

/** Rust's `\s` and `\w`, which JavaScript's differ from. */
const SPACE = /\p{White_Space}/u;
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * Finds added tokens in text as the `tokenizers` package does (`AddedVocabulary` in its added_vocabulary.rs): at each
 * place the longest one, with `single_word` only between characters that are no letters or digits, and with the white
 * space beside it where `lstrip` or `rstrip` say so. In time linear in the text, however much white space it has.
 */
export class AddedTokenFinder {
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  readonly #pattern: RegExp | undefined;

  /** @param spelling of a token in the text that is searched */
  constructor(tokens: readonly AddedToken[], spelling: (token: AddedToken) => string = ({ content }) => content) {
    this.#tokens = new Map(tokens.map((token) => [spelling(token), token]));
    const longestFirst = [...this.#tokens.keys()].filter((text) => text !== '').sort((a, b) => b.length - a.length);
    if (longestFirst.length === 0) return;
    const length = longestFirst.reduce((sum, text) => sum + text.length, 0);
    if (length > MAX_ADDED_LENGTH) throw unsupported(`added_tokens: they have ${length} characters, over the limit of ${MAX_ADDED_LENGTH}`);
    this.#pattern = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'gu');
  }

  /** Splits a text at its added tokens, as far as the caller goes on. No piece of text is empty. */
  *split(text: string, allowed: Allowed = () => 'all'): Generator<Piece, void> {
    let end = 0;
    for (const { token, start, stop } of this.#matches(text, allowed)) {
      const left = token.lstrip ? Math.max(spacesBefore(text, start, end), end) : start;
      const right = token.rstrip ? spacesAfter(text, stop) : stop;
      // A token that is white space may have been stripped already, as part of what surrounds the one before.
      if (left >= right) continue;
      if (end < left) yield { text: text.slice(end, left), start: end };
      yield { id: token.id };
      end = right;
    }
    if (end < text.length) yield { text: text.slice(end), start: end };
  }

  *#matches(text: string, allowed: Allowed) {
    const pattern = this.#pattern;
    if (!pattern) return;
    for (let at = 0; ; ) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (!match) return;
      const [start, stop] = [match.index, match.index + match[0].length];
      const token = this.#tokens.get(match[0])!;
      const part = allowed(token, start, stop);
      if (part === 'all' && !(token.single_word && touchesWord(text, start, stop))) yield { token, start, stop };
      at = part === 'some' ? start + (text.codePointAt(start)! > 0xffff ? 2 : 1) : stop;
    }
  }
}

function touchesWord(text: string, start: number, stop: number): boolean {
  const before = start > 0 ? String.fromCodePoint(codePointBefore(text, start)) : '';
  const after = stop < text.length ? String.fromCodePoint(text.codePointAt(stop)!) : '';
  return WORD.test(before) || WORD.test(after);
}

function codePointBefore(text: string, place: number): number {
  const pair = place > 1 ? text.codePointAt(place - 2)! : 0;
  return pair > 0xffff ? pair : text.charCodeAt(place - 1);
}

/** All white space is in the first plane, so that units may be looked at one by one. */
function spacesBefore(text: string, place: number, least: number): number {
  let start = place;
  while (start > least && SPACE.test(text[start - 1])) start--;
  return start;
}

function spacesAfter(text: string, place: number): number {
  let end = place;
  while (end < text.length && SPACE.test(text[end])) end++;
  return end;
}

/** Makes a pattern that matches exactly `text`. It escapes only what the `u` flag allows to be escaped. */
function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
