import { describe, expect, it } from 'vitest';
import { escapeRegExp, guard, restore } from '../../src/tokenizer/special-token-guard.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

const TOKENS = ['<|im_end|>', '<|endoftext|>', '😀|', 'x', '<|', '|>', 'aa', 'aba', '.*'];
const ALPHABET = [
  ...TOKENS,
  '<',
  '|',
  '>',
  'a',
  'b',
  'é',
  '😀',
  '\ud83d',
  '\n',
  '\ue000',
  '\ue001',
  '\ue002',
  '\ue010',
  '\ue01f',
  '\ue000\ue016\ue001',
];

describe('guard', () => {
  it('should leave text without special tokens unchanged', () => {
    expect(guard('Hello <|im_end| >', ['<|im_end|>'])).toBe('Hello <|im_end| >');
    expect(guard('', ['<|im_end|>'])).toBe('');
    expect(guard('any', [])).toBe('any');
  });

  it.each([
    { text: 'a<|im_end|>b<|im_end|>', tokens: ['<|im_end|>'], what: 'several' },
    { text: 'xyx', tokens: ['x'], what: 'one character' },
    { text: 'aaaaa', tokens: ['aa'], what: 'one that overlaps itself' },
    { text: 'abcbc', tokens: ['bc', 'abc', 'cb'], what: 'tokens that overlap each other' },
    { text: '😀😀|', tokens: ['😀|'], what: 'an astral first character' },
    { text: 'a\n\n\nb', tokens: ['\n\n'], what: 'line breaks' },
    { text: '<|im_end|>\ue000\ue01c\ue001', tokens: ['<|im_end|>'], what: 'marks beside it' },
  ])('should break up $what, and restore it', ({ text, tokens }) => {
    const guarded = guard(text, tokens);
    for (const token of tokens) expect(guarded).not.toContain(token);
    expect(restore(guarded)).toBe(text);
  });

  it('should break up and restore random text, also with marks in it', () => {
    const random = new SeededRandom(15);
    for (let round = 0; round < 3000; round++) {
      const text = random.text(ALPHABET, random.integer(16));
      const tokens = TOKENS.filter(() => random.next() < 0.5);
      const guarded = guard(text, tokens);
      for (const token of tokens) expect(guarded.includes(token), JSON.stringify({ text, token })).toBe(false);
      expect(restore(guarded), JSON.stringify(text)).toBe(text);
    }
  });

  it('should be restorable in the pieces between real tokens', () => {
    const rendered = ['x<s>\ue000', '', '<s>'].map((message) => guard(message, ['<s>'])).join('<s>');
    expect(rendered.split('<s>').map(restore)).toEqual(['x<s>\ue000', '', '<s>']);
  });
});

describe('restore', () => {
  it('should leave text that was not guarded unchanged', () => {
    for (const text of ['', 'plain', '\ue001\ue010', '\ue000\ue001', '\ue000']) expect(restore(text)).toBe(text);
  });
});

describe('escapeRegExp', () => {
  it.each(['u', ''])('should make a pattern that matches exactly the text, with flags "%s", for every printable character', (flags) => {
    const printable = String.fromCharCode(...Array.from({ length: 0x7f - 0x20 }, (_, index) => 0x20 + index));
    for (const text of [...printable, printable, '<|a-b|>', '😀-😀', 'a\nb']) {
      const pattern = new RegExp(`^${escapeRegExp(text)}$`, flags);
      expect(text).toMatch(pattern);
      expect(`${text}x`).not.toMatch(pattern);
    }
  });
});
