/** The characters that Python's `str.isspace` holds for white space. JavaScript's `\s` differs in a few. */
const WHITE_SPACE: ReadonlySet<string> = new Set(
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

export type Side = 'both' | 'left' | 'right';

/**
 * Where the text begins and ends that Python's `strip`, `lstrip` and `rstrip` leave.
 * @param characters are stripped instead of white space
 */
export function strippedRange(text: string, side: Side, characters?: string): [start: number, end: number] {
  const chosen = characters === undefined ? WHITE_SPACE : new Set(characters);
  let [start, end] = [0, text.length];
  while (side !== 'right' && start < end) {
    const character = String.fromCodePoint(text.codePointAt(start)!);
    if (!chosen.has(character)) break;
    start += character.length;
  }
  while (side !== 'left' && start < end) {
    const character = lastCharacter(text, end);
    if (!chosen.has(character)) break;
    end -= character.length;
  }
  return [start, end];
}

/** How many characters a text has for Python. JavaScript counts UTF-16 units. */
export function characterCount(text: string): number {
  let count = 0;
  for (let place = 0; place < text.length; place += unitsAt(text, place)) count++;
  return count;
}

/**
 * Where the character with this index begins, counted from the end if it is negative. Indices beyond either end give
 * that end.
 */
export function characterPlace(text: string, index: number): number {
  if (index < 0) return placeFromEnd(text, -index);
  let place = 0;
  for (let left = index; left > 0 && place < text.length; left--) place += unitsAt(text, place);
  return place;
}

function placeFromEnd(text: string, count: number): number {
  let place = text.length;
  for (let left = count; left > 0 && place > 0; left--) place -= place > 1 && unitsAt(text, place - 2) === 2 ? 2 : 1;
  return place;
}

const unitsAt = (text: string, place: number): number => (text.codePointAt(place)! > 0xffff ? 2 : 1);

function lastCharacter(text: string, end: number): string {
  const whole = text.codePointAt(end - 2) ?? 0;
  return whole > 0xffff ? text.slice(end - 2, end) : text[end - 1];
}

/**
 * The pieces that Python's `str.split` gives, as [start, end) each. Without a separator, runs of white space separate
 * and no piece is empty.
 * @param separator not empty
 */
export function splitRanges(text: string, separator: string | undefined, mostSplits: number): [start: number, end: number][] {
  return separator === undefined ? splitAtWhiteSpace(text, mostSplits) : splitAt(text, separator, mostSplits);
}

function splitAt(text: string, separator: string, mostSplits: number): [number, number][] {
  const ranges: [number, number][] = [];
  let start = 0;
  for (const place of occurrences(text, separator, mostSplits)) {
    ranges.push([start, place]);
    start = place + separator.length;
  }
  return [...ranges, [start, text.length]];
}

function splitAtWhiteSpace(text: string, mostSplits: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let start = 0; start < text.length; start++) {
    if (WHITE_SPACE.has(text[start])) continue;
    // As in Python, what is left after the last split keeps the white space at its end.
    if (ranges.length === mostSplits) return [...ranges, [start, text.length]];
    let end = start + 1;
    while (end < text.length && !WHITE_SPACE.has(text[end])) end++;
    ranges.push([start, end]);
    start = end;
  }
  return ranges;
}

/**
 * Where `part` occurs, from left to right and without overlaps. An empty part occurs before each character and at the
 * end.
 */
export function* occurrences(text: string, part: string, most: number): Generator<number> {
  let place = text.indexOf(part);
  for (let count = 0; place !== -1 && count < most; count++) {
    yield place;
    if (part === '' && place === text.length) return;
    const step = part.length || (text.codePointAt(place)! > 0xffff ? 2 : 1);
    place = text.indexOf(part, place + step);
  }
}
