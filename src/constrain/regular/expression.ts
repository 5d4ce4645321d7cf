/** Two numbers, both inclusive: code points, or bytes. */
export type Range = readonly [from: number, to: number];

/** A regular expression over numbers, which are code points or bytes. */
export type Expression =
  | { readonly set: readonly Range[] }
  /** Any of some words, in each of which one number of each range follows the other: the bytes of a set of characters. */
  | { readonly words: readonly (readonly Range[])[] }
  | { readonly sequence: readonly Expression[] }
  | { readonly either: readonly Expression[] }
  | { readonly repeat: Expression; readonly min: number; readonly max: number };

export const EMPTY: Expression = { sequence: [] };
/** Every code point that a text may have. Surrogates are not among them. */
export const ANY: Expression = {
  set: [
    [0, 0xd7ff],
    [0xe000, 0x10ffff],
  ],
};

/** The code points of a text, one after the other. */
export const literal = (text: string): Expression => ({
  sequence: Array.from(text, (character): Expression => ({ set: [[character.codePointAt(0)!, character.codePointAt(0)!]] })),
});

export const sequence = (...parts: readonly Expression[]): Expression => ({ sequence: parts });
export const either = (...parts: readonly Expression[]): Expression => ({ either: parts });
export const optional = (part: Expression): Expression => ({ repeat: part, min: 0, max: 1 });
export const repeated = (part: Expression, min = 0, max = Number.POSITIVE_INFINITY): Expression => ({ repeat: part, min, max });

/** Puts an expression of its own in place of each set, such as the bytes in place of the code points. */
export function mapSets(expression: Expression, map: (set: readonly Range[]) => Expression): Expression {
  if ('set' in expression) return map(expression.set);
  if ('words' in expression) return expression;
  if ('sequence' in expression) return { sequence: expression.sequence.map((part) => mapSets(part, map)) };
  if ('either' in expression) return { either: expression.either.map((part) => mapSets(part, map)) };
  return { ...expression, repeat: mapSets(expression.repeat, map) };
}

/** Sorts ranges and joins those that touch. */
export function normalized(ranges: readonly Range[]): Range[] {
  const joined: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** The code points outside of all the ranges, without surrogates. */
export function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [from, to] of normalized([...ranges, [0xd800, 0xdfff], [0x110000, 0x110000]])) {
    if (from > next) gaps.push([next, from - 1]);
    next = to + 1;
  }
  return gaps;
}

/** The numbers that are in both. */
export function intersection(a: readonly Range[], b: readonly Range[]): Range[] {
  const common = a.flatMap(([from, to]) =>
    b.map(([otherFrom, otherTo]): Range => [Math.max(from, otherFrom), Math.min(to, otherTo)]).filter(([low, high]) => low <= high),
  );
  return normalized(common);
}
