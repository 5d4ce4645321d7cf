/**
 * Which characters of a rendered text the chat template itself wrote: ranges [start, end) in UTF-16 units, ascending,
 * neither empty nor touching, flattened to [start, end, start, end, …]. Every other character came from a caller, or
 * nobody knows where it came from.
 */
export type WrittenRanges = readonly number[];

/** A text and where its characters came from. */
export interface OriginText {
  readonly value: string;
  readonly written: WrittenRanges;
}

/** All of a text of this length. */
export const wholeRange = (length: number): WrittenRanges => (length > 0 ? [0, length] : []);

/** Joins texts; ranges that come to touch become one. */
export function concatenate(parts: readonly OriginText[]): OriginText {
  const written: number[] = [];
  let length = 0;
  for (const part of parts) {
    append(written, part.written, length);
    length += part.value.length;
  }
  return { value: parts.map(({ value }) => value).join(''), written };
}

/** The part of a text from `start` to `end`, both within it. */
export function sliceOrigin({ value, written }: OriginText, start: number, end: number): OriginText {
  const kept: number[] = [];
  for (let index = firstRangeAfter(written, start); index < written.length && written[index] < end; index += 2) {
    const [from, to] = [Math.max(written[index], start), Math.min(written[index + 1], end)];
    if (from < to) kept.push(from - start, to - start);
  }
  return { value: value.slice(start, end), written: kept };
}

/** The index of the first range that ends after `place`. A binary search: texts are cut into many pieces. */
function firstRangeAfter(written: WrittenRanges, place: number): number {
  let [low, high] = [0, written.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (written[2 * middle + 1] <= place) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

/** How much of a part of a text the template wrote. */
export type Coverage = 'all' | 'some' | 'none';

/**
 * Answers how much of [start, end) the ranges cover. The starts have to ascend; then all answers together take linear
 * time.
 */
export function coverage(written: WrittenRanges): (start: number, end: number) => Coverage {
  let index = 0;
  return (start, end) => {
    while (index < written.length && written[index + 1] <= start) index += 2;
    if (index === written.length || written[index] >= end) return 'none';
    return written[index] <= start && written[index + 1] >= end ? 'all' : 'some';
  };
}

function append(written: number[], ranges: WrittenRanges, offset: number): void {
  for (let index = 0; index < ranges.length; index += 2) {
    const [start, end] = [ranges[index] + offset, ranges[index + 1] + offset];
    if (written.length > 0 && written[written.length - 1] === start) written[written.length - 1] = end;
    else written.push(start, end);
  }
}
