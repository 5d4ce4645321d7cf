export type UnicodeForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** Marks in a row that are put in order here. In the text of any language there are only a few. */
const LONG_RUN = /\p{M}{64,}/gu;
/** Marks of the first and the last combining class. */
const FIRST_CLASS = '\u0334';
const LAST_CLASS = '\u0345';

/**
 * A Unicode normalization form of a text, in linear time. JavaScript's `normalize` puts the marks of a letter in order
 * in time that grows with the square of their number: a megabyte of them takes minutes. So it gets long runs in order.
 */
export function unicodeForm(text: string, form: UnicodeForm): string {
  const decomposition = form === 'NFC' || form === 'NFD' ? 'NFD' : 'NFKD';
  return text.replace(LONG_RUN, (run) => inOrder(run, decomposition)).normalize(form);
}

/** Decomposes marks and sorts them by their combining classes, as the standard's canonical ordering does (UAX #15). */
function inOrder(run: string, form: UnicodeForm): string {
  const parts = new Map<string, readonly string[]>();
  for (const mark of run) if (!parts.has(mark)) parts.set(mark, Array.from(mark.normalize(form)));
  const rank = ranks(new Set([...parts.values()].flat()));
  const sorted: string[] = [];
  let ordered = '';
  for (const whole of run)
    for (const mark of parts.get(whole)!) {
      const at = rank.get(mark);
      if (at !== undefined) sorted[at] = (sorted[at] ?? '') + mark;
      // It belongs to no class, and none is moved across it.
      else ordered += sorted.splice(0).join('') + mark;
    }
  return ordered + sorted.join('');
}

/**
 * Numbers the combining classes of marks in their order. JavaScript does not tell a class, but it puts two marks in
 * order.
 */
function ranks(marks: ReadonlySet<string>): Map<string, number> {
  const classed = [...marks].filter((mark) => isMoved(LAST_CLASS, mark) || isMoved(mark, FIRST_CLASS));
  const byClass = classed.sort((a, b) => (isMoved(a, b) ? 1 : isMoved(b, a) ? -1 : 0));
  const numbers = new Map<string, number>();
  let number = 0;
  for (const [index, mark] of byClass.entries()) {
    if (index > 0 && isMoved(mark, byClass[index - 1]) !== isMoved(byClass[index - 1], mark)) number++;
    numbers.set(mark, number);
  }
  return numbers;
}

const isMoved = (first: string, second: string): boolean => (first + second).normalize('NFD') !== first + second;
