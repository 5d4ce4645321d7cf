import { escapeRegExp } from './escape-reg-exp.ts';

/**
 * Keeps special tokens that a user typed from becoming real ones. A chat template renders to one string, in which
 * `<|im_end|>` out of a message looks like the template's own. So the first character of each one in a message is spelled
 * in private-use characters before rendering, and restored after the rendered string has been split at the real ones.
 * A mark that the user typed is spelled too, so that nothing is lost.
 */
const MARK = '\uE000';
const END = '\uE001';
const DIGIT_ZERO = 0xe010;
const SPELLED = new RegExp(`${MARK}([\uE010-\uE01F]+)${END}`, 'g');

/** `text` without a whole one of `specialTokens` in it, also where they overlap; `restore` gives `text` back. */
export function guard(text: string, specialTokens: readonly string[]): string {
  const beginnings = [MARK, ...specialTokens].map(escapeRegExp).join('|');
  return text.replace(new RegExp(`(?=${beginnings}).`, 'gsu'), spell);
}

export function restore(text: string): string {
  return text.replace(SPELLED, (_, digits: string) => unspell(digits));
}

function spell(character: string): string {
  const hex = character.codePointAt(0)!.toString(16);
  return MARK + Array.from(hex, (digit) => String.fromCharCode(DIGIT_ZERO + Number.parseInt(digit, 16))).join('') + END;
}

function unspell(digits: string): string {
  const hex = Array.from(digits, (digit) => (digit.charCodeAt(0) - DIGIT_ZERO).toString(16)).join('');
  return String.fromCodePoint(Number.parseInt(hex, 16));
}
