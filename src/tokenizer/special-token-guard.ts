/**
 * Keeps the special tokens that a user typed from becoming real ones. A chat template renders all messages into one
 * string, in which a `<|im_end|>` out of a message looks like the template's own. So before rendering, the first character
 * of each special token in a message is replaced by its code point, written in private-use characters between two marks.
 * After the rendered string has been split at the real special tokens, the characters are restored. A mark that the user
 * typed is replaced as well, so that every text is restored exactly.
 */
const MARK = '\uE000';
const END = '\uE001';
const DIGIT_ZERO = 0xe010;
const ESCAPED = new RegExp(`${MARK}([\uE010-\uE01F]+)${END}`, 'g');

/** Changes `text` so that it contains none of `specialTokens`, even if they overlap. {@link restore} undoes this. */
export function guard(text: string, specialTokens: readonly string[]): string {
  const beginnings = [MARK, ...specialTokens].map(escapeRegExp).join('|');
  return text.replace(new RegExp(`(?=${beginnings}).`, 'gsu'), escapeCharacter);
}

/** Undoes {@link guard}, also in a part of the text that does not cut through a mark. */
export function restore(text: string): string {
  return text.replace(ESCAPED, (_, digits: string) => unescapeCharacter(digits));
}

function escapeCharacter(character: string): string {
  const hex = character.codePointAt(0)!.toString(16);
  return MARK + Array.from(hex, (digit) => String.fromCharCode(DIGIT_ZERO + Number.parseInt(digit, 16))).join('') + END;
}

function unescapeCharacter(digits: string): string {
  const hex = Array.from(digits, (digit) => (digit.charCodeAt(0) - DIGIT_ZERO).toString(16)).join('');
  return String.fromCodePoint(Number.parseInt(hex, 16));
}

/** Makes a pattern that matches exactly `text`. It escapes only what the `u` flag allows to be escaped. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
