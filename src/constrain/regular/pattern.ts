import { MAX_PATTERN_DEPTH, MAX_PATTERN_LENGTH } from '../limits.ts';
import { ANY, complement, EMPTY, type Expression, either, normalized, type Range, repeated, sequence } from './expression.ts';

/** Why a pattern cannot be made an automaton. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

const DIGITS: Range[] = [[0x30, 0x39]];
const WORD: Range[] = normalized([...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]);
/** White space and line terminators of ECMAScript. */
const SPACES: Range[] = normalized([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
const CLASSES: Record<string, Range[]> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACES,
  S: complement(SPACES),
};
/** What `.` stands for. */
const NO_LINE_END = complement([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]);
const CONTROLS: Record<string, number> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d, 0: 0x00 };
/** What a repetition count may be. Larger ones would only be refused later, after much work. */
const MAX_COUNT = 10_000;

/** The texts in which a pattern is found, as JSON Schema's `pattern` means it: anywhere, unless it has `^` and `$`. */
export const found = (pattern: string): Expression => new PatternParser(pattern, true).parse();

/** The texts that a pattern matches as a whole. */
export const matched = (pattern: string): Expression => new PatternParser(pattern, false).parse();

/**
 * Parses the regular part of ECMAScript's regular expressions, with the flag `u`. What cannot be had from a finite
 * automaton without more ado (look-around, back-references, word boundaries, anchors in the middle) is refused.
 */
class PatternParser {
  readonly #characters: string[];
  readonly #isSearch: boolean;
  #at = 0;
  #depth = 0;

  constructor(pattern: string, isSearch: boolean) {
    this.#characters = Array.from(pattern);
    this.#isSearch = isSearch;
    if (pattern.length > MAX_PATTERN_LENGTH)
      throw new PatternError(`the pattern has ${pattern.length} characters, and at most ${MAX_PATTERN_LENGTH} are allowed`);
  }

  /** @throws PatternError */
  parse(): Expression {
    const expression = this.#alternatives(true);
    if (this.#at < this.#characters.length) throw this.#error('a parenthesis is not open');
    return expression;
  }

  /** @param outermost the only place where anchors stand, at both ends of an alternative */
  #alternatives(outermost: boolean): Expression {
    const options = [this.#alternative(outermost)];
    while (this.#take('|')) options.push(this.#alternative(outermost));
    return options.length === 1 ? options[0] : either(...options);
  }

  #alternative(outermost: boolean): Expression {
    const begins = outermost && this.#take('^');
    const parts: Expression[] = [];
    let ends = false;
    while (!ends && this.#at < this.#characters.length && this.#peek !== '|' && this.#peek !== ')') {
      ends = outermost && this.#peek === '$' && (this.#next === undefined || this.#next === '|') && this.#take('$');
      if (!ends) parts.push(this.#quantified());
    }
    if (!outermost || !this.#isSearch) return sequence(...parts);
    return sequence(begins ? EMPTY : repeated(ANY), ...parts, ends ? EMPTY : repeated(ANY));
  }

  #quantified(): Expression {
    const atom = this.#atom();
    const bounds = this.#bounds();
    if (!bounds) return atom;
    // Whether a quantifier is lazy changes what is captured, and not what matches.
    this.#take('?');
    if (this.#bounds()) throw this.#error('a quantifier follows a quantifier');
    return repeated(atom, bounds[0], bounds[1]);
  }

  #bounds(): Range | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    if (!this.#take('{')) return undefined;
    const min = this.#count();
    const max = this.#take(',') ? (this.#peek === '}' ? Number.POSITIVE_INFINITY : this.#count()) : min;
    if (!this.#take('}') || max < min) throw this.#error('a repetition count is not as it should be');
    return [min, max];
  }

  #count(): number {
    let digits = '';
    while (/^[0-9]$/.test(this.#peek ?? '')) digits += this.#characters[this.#at++];
    if (digits === '') throw this.#error('a repetition count is missing');
    if (Number(digits) > MAX_COUNT) throw this.#error(`a repetition count is above ${MAX_COUNT}`);
    return Number(digits);
  }

  #atom(): Expression {
    const character = this.#characters[this.#at++];
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return { set: this.#set() };
      case '.':
        return { set: NO_LINE_END };
      case '\\':
        return { set: this.#escape(false) };
      case '^':
      case '$':
        throw this.#error(`${character} may only stand at an end of the pattern`);
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        throw this.#error(`${character} has nothing before it that it belongs to`);
      default:
        return { set: [[character.codePointAt(0)!, character.codePointAt(0)!]] };
    }
  }

  #group(): Expression {
    if (++this.#depth > MAX_PATTERN_DEPTH) throw this.#error(`more than ${MAX_PATTERN_DEPTH} groups lie within each other`);
    if (this.#take('?')) {
      const isNamed = this.#peek === '<' && this.#next !== '=' && this.#next !== '!';
      if (isNamed) while (this.#at < this.#characters.length && !this.#take('>')) this.#at++;
      else if (!this.#take(':')) throw this.#error('look-around and flags cannot be enforced');
    }
    const inner = this.#alternatives(false);
    if (!this.#take(')')) throw this.#error('a parenthesis is not closed');
    this.#depth--;
    return inner;
  }

  #set(): Range[] {
    const isNegated = this.#take('^');
    const ranges: Range[] = [];
    while (!this.#take(']')) {
      if (this.#at >= this.#characters.length) throw this.#error('a bracket is not closed');
      const from = this.#member();
      if (this.#peek !== '-' || this.#next === ']' || this.#next === undefined) {
        ranges.push(...from);
        continue;
      }
      this.#at++;
      const to = this.#member();
      const isRange = isOne(from) && isOne(to) && from[0][0] <= to[0][0];
      if (!isRange) throw this.#error('a range of characters has no two ends in their order');
      ranges.push([from[0][0], to[0][0]]);
    }
    return isNegated ? complement(ranges) : withoutSurrogates(ranges);
  }

  #member(): Range[] {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw this.#error('a bracket is not closed');
    if (character === '\\') return this.#escape(true);
    return [[character.codePointAt(0)!, character.codePointAt(0)!]];
  }

  #escape(inSet: boolean): Range[] {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw this.#error('a backslash is the last character');
    if (CLASSES[character]) return CLASSES[character];
    if (character in CONTROLS && !(character === '0' && /^[0-9]$/.test(this.#peek ?? ''))) return one(CONTROLS[character]);
    if (character === 'b' && inSet) return one(0x08);
    if (character === 'x') return one(this.#hexadecimal(2));
    if (character === 'u') return one(this.#take('{') ? this.#hexadecimalInBraces() : this.#utf16());
    if (character === 'c' && /^[A-Za-z]$/.test(this.#peek ?? '')) return one(this.#characters[this.#at++].charCodeAt(0) % 32);
    if (character === 'p' || character === 'P') return this.#property(character === 'P');
    if (/^[A-Za-z0-9]$/.test(character)) throw this.#error(`\\${character} cannot be enforced`);
    return one(character.codePointAt(0)!);
  }

  #hexadecimal(length: number): number {
    const digits = this.#characters.slice(this.#at, this.#at + length).join('');
    if (digits.length !== length || !/^[0-9A-Fa-f]+$/.test(digits)) throw this.#error('a hexadecimal number is not as it should be');
    this.#at += length;
    return Number.parseInt(digits, 16);
  }

  #hexadecimalInBraces(): number {
    const end = this.#characters.indexOf('}', this.#at);
    const value = this.#hexadecimal(end < 0 ? 0 : Math.min(end - this.#at, 6));
    if (!this.#take('}') || value > 0x10ffff) throw this.#error('a code point is not as it should be');
    return value;
  }

  /** A code unit, or two that are a surrogate pair. */
  #utf16(): number {
    const high = this.#hexadecimal(4);
    const isPair = high >= 0xd800 && high < 0xdc00 && this.#peek === '\\' && this.#next === 'u';
    if (!isPair) return high;
    this.#at += 2;
    return String.fromCharCode(high, this.#hexadecimal(4)).codePointAt(0)!;
  }

  /** The code points with a Unicode property, as the host's own regular expressions know it. */
  #property(isNegated: boolean): Range[] {
    const end = this.#characters.indexOf('}', this.#at);
    const name = this.#take('{') && end > 0 ? this.#characters.slice(this.#at, end).join('') : '';
    if (!/^[A-Za-z0-9_]+(=[A-Za-z0-9_]+)?$/.test(name)) throw this.#error('a Unicode property has no name');
    this.#at = end + 1;
    const ranges = rangesOfProperty(name);
    if (!ranges) throw this.#error(`there is no Unicode property ${name}`);
    return isNegated ? complement(ranges) : ranges;
  }

  get #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  get #next(): string | undefined {
    return this.#characters[this.#at + 1];
  }

  #take(character: string): boolean {
    if (this.#peek !== character) return false;
    this.#at++;
    return true;
  }

  #error(reason: string): PatternError {
    return new PatternError(`${reason}, near character ${this.#at}`);
  }
}

const isOne = (ranges: readonly Range[]): boolean => ranges.length === 1 && ranges[0][0] === ranges[0][1];
const one = (codePoint: number): Range[] => [[codePoint, codePoint]];
const withoutSurrogates = (ranges: readonly Range[]): Range[] => complement(complement(ranges));

const properties = new Map<string, Range[] | undefined>();

/** Asks for each code point, once for each property: it takes some tens of milliseconds. */
function rangesOfProperty(name: string): Range[] | undefined {
  if (!properties.has(name)) properties.set(name, findRanges(name));
  return properties.get(name);
}

function findRanges(name: string): Range[] | undefined {
  let runs: RegExp;
  try {
    runs = new RegExp(`\\p{${name}}+`, 'gu');
  } catch {
    return undefined;
  }
  const ranges: Range[] = [];
  for (let start = 0; start <= 0x10ffff; start += 0x400) {
    if (start >= 0xd800 && start < 0xe000) continue;
    const block = String.fromCodePoint(...Array.from({ length: 0x400 }, (_, offset) => start + offset));
    for (const { 0: run } of block.matchAll(runs)) ranges.push([run.codePointAt(0)!, Array.from(run).at(-1)!.codePointAt(0)!]);
  }
  return normalized(ranges);
}
