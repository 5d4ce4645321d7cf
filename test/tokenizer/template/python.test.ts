import { describe, expect, it } from 'vitest';
import { occurrences, splitRanges, strippedRange } from '../../../src/tokenizer/template/python-text.ts';
import { strftime } from '../../../src/tokenizer/template/strftime.ts';
import reference from '../../golden/chat-templates.json' with { type: 'json' };

describe('what templates take from Python', () => {
  it('should write dates as strftime does', () => {
    for (const { seconds, format, text } of reference.dates) expect(strftime(new Date(seconds * 1000), format), format).toBe(text);
  });

  it('should leave an unknown directive as it is', () => {
    expect(strftime(new Date(0), '%Q %')).toBe('%Q %');
  });

  it('should strip, split and replace as str does', () => {
    const limit = (most: number) => (most < 0 ? Number.POSITIVE_INFINITY : most);
    for (const { text, characters, part, most, new: replacement, ...expected } of reference.strings) {
      const cut = (ranges: [number, number][]) => ranges.map(([start, end]) => text.slice(start, end));
      const places = [...occurrences(text, part, limit(most))];
      const replaced = [...places, text.length].map((place, index) => text.slice(index === 0 ? 0 : places[index - 1] + part.length, place));
      expect(
        {
          strip: text.slice(...strippedRange(text, 'both')),
          lstrip: text.slice(...strippedRange(text, 'left', characters)),
          rstrip: text.slice(...strippedRange(text, 'right', characters)),
          words: cut(splitRanges(text, undefined, limit(most))),
          split: cut(splitRanges(text, part, limit(most))),
          replace: replaced.join(replacement),
        },
        JSON.stringify({ text, characters, part, most }),
      ).toEqual(expected);
    }
  });

  it('should find an empty text around every character', () => {
    expect([...occurrences('a😀b', '', 9)]).toEqual([0, 1, 3, 4]);
  });
});
