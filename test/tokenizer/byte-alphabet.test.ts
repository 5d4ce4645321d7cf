import { expect, it } from 'vitest';
import { byteAlphabet } from '../../src/tokenizer/byte-alphabet.ts';

it('should map 256 characters to the 256 bytes', () => {
  const alphabet = byteAlphabet();
  expect(alphabet.size).toBe(256);
  expect(new Set(alphabet.values()).size).toBe(256);
});

it.each([
  ['A', 0x41],
  ['~', 0x7e],
  ['é', 0xe9],
  ['Ā', 0x00],
  ['Ċ', 0x0a],
  ['Ġ', 0x20],
  ['ġ', 0x7f],
  ['ł', 0xa0],
  ['Ń', 0xad],
])('should read %s as GPT-2 does', (character, byte) => {
  expect(byteAlphabet().get(character.codePointAt(0)!)).toBe(byte);
});
