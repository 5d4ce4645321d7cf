import { expect, it } from 'vitest';
import { tokenBytes } from '../../src/tokenizer/token-bytes.ts';
import { tokenizerJson } from './default-tokenizer.ts';

it('should give the bytes of an entry, parts of characters too', () => {
  const bytesOf = tokenBytes(tokenizerJson);
  expect([...bytesOf('Ġhe')]).toEqual([0x20, 0x68, 0x65]);
  expect([...bytesOf('âĢ')]).toEqual([0xe2, 0x80]);
  expect([...bytesOf('')]).toEqual([]);
});

it('should take an entry with characters outside of the alphabet as its UTF-8', () => {
  expect([...tokenBytes(tokenizerJson)('日')]).toEqual([0xe6, 0x97, 0xa5]);
});

it('should find ByteLevel inside of a sequence of decoders', () => {
  const decoder = { type: 'Sequence', decoders: [{ type: 'Fuse' }, { type: 'ByteLevel' }] };
  expect([...tokenBytes({ ...tokenizerJson, decoder })('Ġ')]).toEqual([0x20]);
});

it.each([
  { decoder: { type: 'WordPiece' }, named: 'WordPiece' },
  { decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'CTC' }] }, named: 'Sequence' },
  { decoder: { type: 'Strip', content: ' ', start: 0, stop: 1 }, named: 'Strip' },
  { decoder: { type: 'Replace', pattern: { Regex: '.' }, content: '' }, named: 'Replace' },
  { decoder: null, named: 'absent' },
])('should refuse a decoder that is $named', ({ decoder, named }) => {
  expect(() => tokenBytes({ ...tokenizerJson, decoder })).toThrow(
    expect.objectContaining({ code: 'unsupported_model', param: 'tokenizer.json', message: expect.stringContaining(named) }),
  );
});
