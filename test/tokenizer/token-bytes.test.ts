import { describe, expect, it } from 'vitest';
import { byteAlphabet, tokenBytes } from '../../src/tokenizer/token-bytes.ts';
import { tokenizerJson } from './default-tokenizer.ts';

it('should give the bytes of a spelling, including parts of characters', () => {
  const bytesOf = tokenBytes(tokenizerJson);
  expect([...bytesOf('Ġhe')]).toEqual([0x20, 0x68, 0x65]);
  expect([...bytesOf('âĢ')]).toEqual([0xe2, 0x80]);
  expect([...bytesOf('')]).toEqual([]);
});

it('should give the UTF-8 of a spelling with characters outside of the alphabet', () => {
  expect([...tokenBytes(tokenizerJson)('日')]).toEqual([0xe6, 0x97, 0xa5]);
});

it('should find ByteLevel within a sequence of decoders', () => {
  const decoder = { type: 'Sequence', decoders: [{ type: 'Fuse' }, { type: 'ByteLevel' }] };
  expect([...tokenBytes({ ...tokenizerJson, decoder })('Ġ')]).toEqual([0x20]);
});

it.each([
  { decoder: { type: 'WordPiece' }, named: 'WordPiece' },
  { decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'CTC' }] }, named: 'CTC' },
  { decoder: { type: 'Strip', content: ' ', start: 0, stop: 1 }, named: 'Strip' },
  { decoder: { type: 'Replace', pattern: { Regex: '.' }, content: '' }, named: 'Replace' },
  { decoder: null, named: 'absent' },
])('should refuse a decoder that is $named', ({ decoder, named }) => {
  expect(() => tokenBytes({ ...tokenizerJson, decoder })).toThrow(
    expect.objectContaining({ code: 'unsupported_model', param: 'tokenizer.json', message: expect.stringContaining(named) }),
  );
});

describe('byteAlphabet', () => {
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
});
