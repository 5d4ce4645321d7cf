/**
 * Which characters of a rendered text the chat template itself wrote: ranges [start, end) in UTF-16 units, ascending, neither empty nor
 * touching, flattened to [start, end, start, end, …]. Every other character came from a caller, or nobody knows where it came from.
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
  for (let index = 0; index < written.length; index += 2) {
    const [from, to] = [Math.max(written[index], start), Math.min(written[index + 1], end)];
    if (from < to) kept.push(from - start, to - start);
  }
  return { value: value.slice(start, end), written: kept };
}

/**
 * Answers whether ranges cover [start, end) wholly. Asked with ascending places it takes linear time over all questions.
 */
export function coverage(written: WrittenRanges): (start: number, end: number) => boolean {
  let index = 0;
  return (start, end) => {
    while (index < written.length && written[index + 1] <= start) index += 2;
    return index < written.length && written[index] <= start && written[index + 1] >= end;
  };
}

function append(written: number[], ranges: WrittenRanges, offset: number): void {
  for (let index = 0; index < ranges.length; index += 2) {
    const [start, end] = [ranges[index] + offset, ranges[index + 1] + offset];
    if (written.length > 0 && written[written.length - 1] === start) written[written.length - 1] = end;
    else written.push(start, end);
  }
}
