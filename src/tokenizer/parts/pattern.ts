import { Tokenizer } from '@huggingface/tokenizers';

/** What a `Split` or `Replace` looks for: a text, or a regular expression in Oniguruma's syntax. */
export type PatternJson = { readonly String: string } | { readonly Regex: string };

/** A part of a text as [start, end), and whether it matches the pattern. */
export type Match = readonly [start: number, end: number, matches: boolean];

/**
 * Constructs that the library does not translate exactly: possessive quantifiers and atomic groups, references, options
 * other than `(?i:…)`, and Oniguruma's own escapes.
 */
const UNSUPPORTED = [/^[*+?]\+/, /^\(\?(?![:=!]|<[=!]|i:)/, /^\\(?:[1-9GKRXgkyYNOC]|[pP]\{\^)/];

/** The longest escape, which names a property of Unicode. */
const MAX_ESCAPE = 64;

/**
 * Compiles a pattern. @huggingface/tokenizers translates it into JavaScript's syntax.
 * @throws Error if the pattern is none, or has something that is not translated exactly
 */
export function compilePattern(pattern: PatternJson): RegExp {
  if ('Regex' in pattern) refuseUnsupported(pattern.Regex);
  const split = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
  const empty = { model: { type: 'BPE', vocab: {}, merges: [] }, decoder: null, post_processor: null, normalizer: null, added_tokens: [] };
  return (new Tokenizer({ ...empty, pre_tokenizer: split }, {}).pre_tokenizer as unknown as { pattern: RegExp }).pattern;
}

function refuseUnsupported(regex: string): void {
  refuseNestedRepetition(regex);
  let depth = 0;
  for (let at = 0; at < regex.length; at += stepAt(regex, at)) {
    const ahead = regex.slice(at, at + MAX_ESCAPE);
    const found = UNSUPPORTED.map((construct) => construct.exec(ahead)?.[0]).find((text) => text !== undefined);
    const isLiteral = depth > 0 && !ahead.startsWith('\\');
    if (found !== undefined && !isLiteral) throw new Error(`the regular expression has ${JSON.stringify(found)}, which is not supported`);
    if (regex[at] === '[') depth++;
    else if (regex[at] === ']') depth = Math.max(0, depth - 1);
  }
}

/** `*`, `+`, and counts that go beyond MAX_SHORT_COUNT. */
const REPETITION = /^(?:[*+]|\{(\d*)(,?)(\d*)\})/;
/** A group that is repeated at most so often may repeat something itself. */
const MAX_SHORT_COUNT = 8;

/**
 * Refuses a repeated group in which something is repeated or chosen, as in `(a+)+` and `(a|b)*`: where such a pattern
 * does not match, the time may grow exponentially with the text, and JavaScript cannot stop it. No published tokenizer
 * has one.
 */
function refuseNestedRepetition(regex: string): void {
  const groups: { start: number; isComplex: boolean }[] = [{ start: 0, isComplex: false }];
  let isInClass = false;
  for (let at = 0; at < regex.length; at += stepAt(regex, at)) {
    const sign = regex[at];
    if (isInClass || sign === '[') {
      isInClass = sign !== ']';
      continue;
    }
    if (sign === '(') groups.push({ start: at, isComplex: false });
    else if (sign === '|' || isRepetition(regex, at)) groups[groups.length - 1].isComplex = true;
    else if (sign === ')' && groups.length > 1) {
      const { start, isComplex } = groups.pop()!;
      if (isComplex && isRepetition(regex, at + 1))
        throw new Error(`the regular expression repeats ${JSON.stringify(regex.slice(start, at + 1))}, which is not supported`);
      groups[groups.length - 1].isComplex ||= isComplex;
    }
  }
}

function isRepetition(regex: string, at: number): boolean {
  const match = REPETITION.exec(regex.slice(at, at + MAX_ESCAPE));
  if (!match) return false;
  const [whole, least, comma, most] = match;
  if (!whole.startsWith('{')) return true;
  return (comma !== '' && most === '') || Math.max(Number(least), Number(most)) > MAX_SHORT_COUNT;
}

/** The length of an escape, or of one unit. */
function stepAt(regex: string, at: number): number {
  if (regex[at] !== '\\') return 1;
  return /^\\[pPxu]\{[^}]*\}/.exec(regex.slice(at, at + MAX_ESCAPE))?.[0].length ?? 2;
}

/** Whether a place is between the two units of a character. V8 finds empty matches there. */
function isWithinPair(text: string, place: number): boolean {
  return place > 0 && text.codePointAt(place - 1)! > 0xffff;
}

/**
 * Cuts a text into parts that match and parts that do not, as far as the caller goes on, as `Pattern::find_matches` of the tokenizers package does.
 * An empty match right after another match is none.
 * @param pattern with the flag `g`
 */
export function* findMatches(text: string, pattern: RegExp, invert = false): Generator<Match> {
  let end = 0;
  let isAfterMatch = false;
  for (const match of text.matchAll(pattern)) {
    const [start, stop] = [match.index, match.index + match[0].length];
    if (start === stop && ((isAfterMatch && start === end) || isWithinPair(text, start))) continue;
    if (end < start) yield [end, start, invert];
    yield [start, stop, !invert];
    end = stop;
    isAfterMatch = true;
  }
  if (end < text.length) yield [end, text.length, invert];
}
