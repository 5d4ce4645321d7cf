import { expect, it } from 'vitest';
import { escapeRegExp } from '../../src/tokenizer/escape-reg-exp.ts';

it.each(['u', ''])('should match exactly the text with flags "%s", for every printable character', (flags) => {
  const printable = String.fromCharCode(...Array.from({ length: 0x7f - 0x20 }, (_, index) => 0x20 + index));
  for (const text of [...printable, printable, '<|a-b|>', '😀-😀', 'a\nb']) {
    const pattern = new RegExp(`^${escapeRegExp(text)}$`, flags);
    expect(text).toMatch(pattern);
    expect(`${text}x`).not.toMatch(pattern);
  }
});
