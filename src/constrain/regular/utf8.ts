import type { Expression, Range } from './expression.ts';

/** The last code points that have 1, 2, 3 and 4 bytes in UTF-8. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/**
 * The bytes in UTF-8 of the code points of a set, as sequences of byte ranges. A range of code points is cut where the
 * number of bytes changes, and then where the first bytes of both ends differ.
 *
 * Source: Ken Thompson's method, as in Russ Cox, "Regular Expression Matching in the Wild", 2010.
 * @param set holds no surrogates
 */
export const utf8Words = (set: readonly Range[]): Range[][] => set.flatMap(([from, to]) => ofRange(from, to));

/** The same as an expression. */
export const utf8 = (set: readonly Range[]): Expression => ({ words: utf8Words(set) });

function ofRange(from: number, to: number): Range[][] {
  for (const last of LAST_OF_LENGTH) if (from <= last && last < to) return [...ofRange(from, last), ...ofRange(last + 1, to)];
  const length = LAST_OF_LENGTH.findIndex((last) => to <= last) + 1;
  for (let continued = 1; continued < length; continued++) {
    const mask = (1 << (6 * continued)) - 1;
    if ((from & ~mask) === (to & ~mask)) continue;
    if ((from & mask) !== 0) return [...ofRange(from, from | mask), ...ofRange((from | mask) + 1, to)];
    if ((to & mask) !== mask) return [...ofRange(from, (to & ~mask) - 1), ...ofRange(to & ~mask, to)];
  }
  const low = encode(from, length);
  const high = encode(to, length);
  return [low.map((byte, index): Range => [byte, high[index]])];
}

function encode(codePoint: number, length: number): number[] {
  if (length === 1) return [codePoint];
  const continued = Array.from({ length: length - 1 }, (_, index) => 0x80 | ((codePoint >> (6 * (length - 2 - index))) & 0x3f));
  const lead = [0, 0, 0xc0, 0xe0, 0xf0][length] | (codePoint >> (6 * (length - 1)));
  return [lead, ...continued];
}
