/**
 * Keeps special tokens that a user typed from becoming real ones. A chat template renders to one string, in which
 * `<|im_end|>` out of a message looks like the template's own. So the first character of each one in a message is spelled
 * in private-use characters before rendering, and restored after the rendered string has been split at the real ones.
 * A mark that the user typed is escaped, so that nothing is lost.
 */
const MARK = '\uE000';
const SPELLED = '\uE001';
const ESCAPED_MARK = '\uE002';
const DIGIT_ZERO = 0xe010;
const GUARDED = new RegExp(`${MARK}(?:${ESCAPED_MARK}|${SPELLED}([\uE010-\uE01F]+)${SPELLED})`, 'g');

/** `text` without a whole one of `specialTokens` in it; `restore` gives `text` back. */
export function guard(text: string, specialTokens: readonly string[]): string {
  let guarded = text.replaceAll(MARK, MARK + ESCAPED_MARK);
  for (const token of specialTokens) guarded = guarded.replaceAll(token, breakToken);
  return guarded;
}

export function restore(text: string): string {
  return text.replace(GUARDED, (_, digits?: string) => (digits === undefined ? MARK : unspell(digits)));
}

function breakToken(token: string): string {
  const codePoint = token.codePointAt(0)!;
  const digits = Array.from(codePoint.toString(16), (digit) => String.fromCharCode(DIGIT_ZERO + Number.parseInt(digit, 16)));
  return MARK + SPELLED + digits.join('') + SPELLED + token.slice(String.fromCodePoint(codePoint).length);
}

function unspell(digits: string): string {
  const hex = Array.from(digits, (digit) => (digit.charCodeAt(0) - DIGIT_ZERO).toString(16)).join('');
  return String.fromCodePoint(Number.parseInt(hex, 16));
}
