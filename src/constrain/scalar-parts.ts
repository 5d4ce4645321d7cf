import { GptEdgeError } from '../core/errors.ts';
import type { ByteState } from './byte-state.ts';
import { countedString } from './counted-string.ts';
import type { Effort } from './effort.ts';
import { FORMATS } from './formats.ts';
import { integerAutomaton, numberAutomaton, stringAutomaton, stringOf } from './json-text.ts';
import { countBounds, type Keywords } from './keywords.ts';
import { numberRange } from './number-range.ts';
import { Leaf, type Part } from './reading.ts';
import { automaton, both } from './regular/automaton.ts';
import { ANY, type Expression, repeated } from './regular/expression.ts';
import { found, matched, PatternError } from './regular/pattern.ts';
import { shortened } from './schema-document.ts';
import { type SchemaPath, unenforceable } from './unenforceable.ts';

/** A part with one of the texts of an expression that has some. */
export const leafOf = (expression: Expression, effort: Effort): Part => new Leaf(automaton(expression, effort)!);

/** The numbers that satisfy all keywords. */
export function numberParts(keywords: readonly Keywords[], isInteger: boolean): Part[] {
  const numbers = (keyword: 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum' | 'multipleOf') =>
    keywords.flatMap((one) => one.number(keyword) ?? []);
  const multiples = numbers('multipleOf');
  const wrong = keywords.find((one) => (one.number('multipleOf') ?? 1) <= 0);
  if (wrong) throw wrong.error('multipleOf', 'it is a number above 0');
  const bounds = {
    min: greatest(numbers('minimum')),
    max: least(numbers('maximum')),
    exclusiveMin: greatest(numbers('exclusiveMinimum')),
    exclusiveMax: least(numbers('exclusiveMaximum')),
    isInteger,
    multiples,
  };
  const isBounded = multiples.length > 0 || Object.values(bounds).some((bound) => typeof bound === 'number');
  if (!isBounded) return [new Leaf(isInteger ? integerAutomaton() : numberAutomaton())];
  const first = numberRange(bounds);
  return first ? [new Leaf(first)] : [];
}

const greatest = (values: readonly number[]): number | undefined => (values.length > 0 ? Math.max(...values) : undefined);
const least = (values: readonly number[]): number | undefined => (values.length > 0 ? Math.min(...values) : undefined);

/** The strings that satisfy all keywords. */
export function stringParts(keywords: readonly Keywords[], effort: Effort): Part[] {
  const { min, max } = countBounds(keywords, 'minLength', 'maxLength');
  if (min > max) return [];
  const contents = keywords.flatMap((one) => contentsOf(one));
  const hasLength = min > 0 || max < Number.POSITIVE_INFINITY;
  if (contents.length === 0) return [new Leaf(hasLength ? countedString({ min, max }) : stringAutomaton())];
  const path = keywords[0].path;
  const all = [...contents, ...(hasLength ? [repeated(ANY, min, max)] : [])].map((content) => automatonAt(stringOf(content), path, effort));
  const common = all.reduce((a, b) => (a && b ? inPlace(path, () => both(a, b, effort)) : undefined));
  return common ? [new Leaf(common)] : [];
}

/** What `pattern` and `format` say of a string's characters. */
function contentsOf(keywords: Keywords): Expression[] {
  const pattern = keywords.string('pattern');
  const format = keywords.string('format');
  if (format !== undefined && !Object.hasOwn(FORMATS, format))
    throw keywords.error('format', `${shortened(format)} is not one of ${Object.keys(FORMATS).join(', ')}`);
  return [
    ...(pattern === undefined ? [] : [parsePattern(pattern, [...keywords.path, 'pattern'], found)]),
    ...(format === undefined ? [] : [matched(FORMATS[format])]),
  ];
}

/** Parses a pattern, and names its place if it cannot be enforced. */
export function parsePattern(pattern: string, path: SchemaPath, parse: (pattern: string) => Expression): Expression {
  try {
    return parse(pattern);
  } catch (error) {
    if (error instanceof PatternError) throw unenforceable(path, error.message);
    throw error;
  }
}

/** The automaton of an expression that stands at a place of the schema; undefined if it has no text. */
export const automatonAt = (expression: Expression, path: SchemaPath, effort: Effort): ByteState | undefined =>
  inPlace(path, () => automaton(expression, effort));

/** Names the place of an expression that is too large. */
function inPlace<T>(path: SchemaPath, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof GptEdgeError) throw unenforceable(path, error.message);
    throw error;
  }
}
