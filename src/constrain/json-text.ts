import type { ByteState } from './byte-state.ts';
import { automaton } from './regular/automaton.ts';
import {
  ANY,
  complement,
  type Expression,
  either,
  intersection,
  literal,
  mapSets,
  optional,
  type Range,
  repeated,
  sequence,
} from './regular/expression.ts';
import { utf8, utf8Words } from './regular/utf8.ts';

// The texts of JSON's parts. Where a schema does not say what a string holds, every escape is taken. Where it does, each
// character is written as JSON.stringify writes it, so that it can be compared byte by byte.

/** What JSON.stringify writes for the characters that it escapes. */
const ESCAPED: readonly [codePoint: number, text: string][] = Array.from({ length: 0x20 }, (_, control) => control)
  .concat(0x22, 0x5c)
  .map((codePoint) => [codePoint, JSON.stringify(String.fromCodePoint(codePoint)).slice(1, -1)]);
const UNESCAPED = complement(ESCAPED.map(([codePoint]) => [codePoint, codePoint]));

/** The bytes of code points in a JSON string, each in its only form. */
function canonical(set: readonly Range[]): Expression {
  const escapes = ESCAPED.filter(([codePoint]) => set.some(([from, to]) => from <= codePoint && codePoint <= to));
  const words = escapes.map(([, text]) => Array.from(text, (character): Range => [character.charCodeAt(0), character.charCodeAt(0)]));
  return { words: [...utf8Words(intersection(set, UNESCAPED)), ...words] };
}

/** The bytes of a text. */
export const bytes = (text: string): Expression => mapSets(literal(text), utf8);

const hexadecimal: Expression = {
  set: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
};
const hex = (pattern: readonly Range[]): Expression => ({ set: pattern });
const D: Range[] = [
  [0x44, 0x44],
  [0x64, 0x64],
];
const HIGH: Range[] = [
  [0x38, 0x39],
  [0x41, 0x42],
  [0x61, 0x62],
];
const LOW: Range[] = [
  [0x43, 0x46],
  [0x63, 0x66],
];
const BELOW_8: Range[] = [[0x30, 0x37]];
const BUT_D: Range[] = [
  [0x30, 0x39],
  [0x41, 0x43],
  [0x45, 0x46],
  [0x61, 0x63],
  [0x65, 0x66],
];
const two = sequence(hexadecimal, hexadecimal);
/** `u` and four digits, without half a surrogate pair. */
const utf16: Expression = either(
  sequence(bytes('u'), hex(BUT_D), hexadecimal, two),
  sequence(bytes('u'), hex(D), hex(BELOW_8), two),
  sequence(bytes('u'), hex(D), hex(HIGH), two, bytes('\\u'), hex(D), hex(LOW), two),
);
const SIMPLE_ESCAPES: Expression = either(...Array.from('"\\/bfnrt', bytes));

/** One character of a string in all the ways in which JSON can write it. */
export const CHARACTER: Expression = either(utf8(UNESCAPED), sequence(bytes('\\'), either(SIMPLE_ESCAPES, utf16)));
/** One character of a string as JSON.stringify writes it. */
export const CANONICAL_CHARACTER: Expression = canonical((ANY as { set: readonly Range[] }).set);

const QUOTE = bytes('"');

/** Strings whose characters match an expression over code points. */
export const stringOf = (content: Expression): Expression => sequence(QUOTE, mapSets(content, canonical), QUOTE);
/** The bytes within a string, without its quotes, of an expression over code points. */
export const contentOf = (content: Expression): Expression => mapSets(content, canonical);

/** A text, a number, a truth value or null, as JSON.stringify writes it. */
export const scalar = (value: string | number | boolean | null): Expression => bytes(JSON.stringify(value));

/**
 * White space beside braces and brackets, and after commas: none, a space, or a line break and what indents the next
 * line. JSON allows more, but a model that begins to write white space may not come to an end.
 */
const MAX_INDENT = 32;
export const SPACE: Expression = either(
  optional(bytes(' ')),
  sequence(
    bytes('\n'),
    repeated(
      {
        set: [
          [0x09, 0x09],
          [0x20, 0x20],
        ],
      },
      0,
      MAX_INDENT,
    ),
  ),
);

/** Digits of a whole number. A model that goes on with digits would not come to an end. */
export const MAX_INTEGER_DIGITS = 20;
const digits = repeated({ set: [[0x30, 0x39]] }, 1);
/** Numbers as JSON writes them, with fractions and exponents. */
const NUMBER: Expression = sequence(
  optional(bytes('-')),
  either(bytes('0'), sequence({ set: [[0x31, 0x39]] }, repeated({ set: [[0x30, 0x39]] }))),
  optional(sequence(bytes('.'), digits)),
  optional(sequence(either(bytes('e'), bytes('E')), optional(either(bytes('+'), bytes('-'))), digits)),
);

/** Makes an automaton of an expression that has texts, when it is first needed. */
export const lazily = (expression: () => Expression): (() => ByteState) => {
  let first: ByteState | undefined;
  return () => {
    first ??= automaton(expression())!;
    return first;
  };
};

export const stringAutomaton = lazily(() => sequence(QUOTE, repeated(CHARACTER), QUOTE));
export const numberAutomaton = lazily(() => NUMBER);
export const integerAutomaton = lazily(() =>
  sequence(
    optional(bytes('-')),
    either(bytes('0'), sequence({ set: [[0x31, 0x39]] }, repeated({ set: [[0x30, 0x39]] }, 0, MAX_INTEGER_DIGITS - 1))),
  ),
);
export const characterAutomaton = lazily(() => CHARACTER);
export const canonicalStringAutomaton = lazily(() => sequence(repeated(CANONICAL_CHARACTER), QUOTE));
