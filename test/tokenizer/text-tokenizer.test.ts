import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../generation/seeded-random.ts';
import { addedToken, END_OF_TEXT, tokenizer, tokenizerConfig, tokenizerJson, tokenizerWith, VOCABULARY_SIZE } from './default-tokenizer.ts';
import { exactSpaces } from './library-tokenizer.ts';
import { randomText } from './random-text.ts';
import type { WholeTokenizerJson } from './whole-tokenizer-json.ts';

const library = (changes: Partial<WholeTokenizerJson> = {}) =>
  exactSpaces(new Tokenizer({ ...tokenizerJson, ...changes }, tokenizerConfig));
const libraryIds = (reference: Tokenizer, text: string) => (text === '' ? [] : reference.encode(text, { add_special_tokens: false }).ids);

describe('encode', () => {
  it('should give known ids', () => {
    expect(tokenizer.encode('! the')).toEqual([1, ...tokenizer.encode(' the')]);
    expect(tokenizer.encode('he')).toEqual([257]);
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.encode('', { parseSpecialTokens: true })).toEqual([]);
  });

  it('should equal the library on text without special tokens, and decode to the same text', () => {
    const random = new SeededRandom(11);
    const reference = library();
    for (const text of random.list(300, () => randomText(random, 30))) {
      const ids = tokenizer.encode(text);
      expect(ids, JSON.stringify(text)).toEqual(libraryIds(reference, text));
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  it('should leave a special token in text as text by default', () => {
    const ids = tokenizer.encode('a<|endoftext|>b');
    expect(ids).not.toContain(END_OF_TEXT);
    expect(tokenizer.decode(ids)).toBe('a<|endoftext|>b');
  });

  it('should read special tokens as the library does, if asked to', () => {
    const added_tokens = [
      addedToken(END_OF_TEXT, '<|endoftext|>'),
      addedToken(4096, '<|end'),
      addedToken(4097, '<a-b>/^$.*+?()[]{}\\', { special: false }),
      addedToken(4098, '<strip>', { lstrip: true, rstrip: true }),
      addedToken(4099, '😀|'),
    ];
    const [ours, reference] = [tokenizerWith({ added_tokens }), library({ added_tokens })];
    const random = new SeededRandom(12);
    const spellings = [...added_tokens.map(({ content }) => content), '<|endoftext', '|>', ' ', '😀', '\n'];
    for (let round = 0; round < 300; round++) {
      const parts = random.list(random.integer(12), () => (random.next() < 0.6 ? random.pick(spellings) : randomText(random, 3)));
      // The library strips a byte order mark beside a token as if it were white space; the tokenizers package does not.
      const text = parts.join('').replaceAll('\ufeff', '');
      expect(ours.encode(text, { parseSpecialTokens: true }), JSON.stringify(text)).toEqual(libraryIds(reference, text));
    }
  });

  it('should prefer the longest of special tokens that begin alike', () => {
    const ours = tokenizerWith({ added_tokens: [addedToken(4096, '<e>'), addedToken(4097, '<e><f>')] });
    expect(ours.encode('<e><f><e>', { parseSpecialTokens: true })).toEqual([4097, 4096]);
  });

  it('should drop space next to a token with lstrip or rstrip, on that side only', () => {
    const added_tokens = [addedToken(4096, '<l>', { lstrip: true }), addedToken(4097, '<r>', { rstrip: true })];
    const ours = tokenizerWith({ added_tokens });
    const encode = (text: string) => ours.encode(text, { parseSpecialTokens: true });
    const space = ours.encode(' ');
    expect(encode(' \n <l> ')).toEqual([4096, ...space]);
    expect(encode(' <r> \n ')).toEqual([...space, 4097]);
    expect(encode('a <l><r> b')).toEqual([...ours.encode('a'), 4096, 4097, ...ours.encode('b')]);
  });

  it('should accept added tokens with a hyphen', () => {
    const ours = tokenizerWith({ added_tokens: [addedToken(4096, '<|begin-of-text|>')] });
    expect(ours.encode('<|begin-of-text|>', { parseSpecialTokens: true })).toEqual([4096]);
  });

  it('should add the post-processor’s tokens around the sequence, unless told not to', () => {
    const bos = { id: '<|endoftext|>', ids: [END_OF_TEXT], tokens: ['<|endoftext|>'] };
    const single = [{ SpecialToken: { id: bos.id, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
    const post_processor = { type: 'TemplateProcessing', single, pair: single, special_tokens: { [bos.id]: bos } };
    const ours = tokenizerWith({ post_processor });
    const hello = tokenizer.encode('Hello');
    expect(ours.encode('Hello')).toEqual([END_OF_TEXT, ...hello]);
    expect(ours.encode('Hello')).toEqual(library({ post_processor }).encode('Hello').ids);
    expect(ours.encode('Hello', { addSpecialTokens: false })).toEqual(hello);
    expect(ours.encode('')).toEqual([END_OF_TEXT]);
  });
});

describe('decode', () => {
  it('should equal the library for random ids, including every byte', () => {
    const random = new SeededRandom(13);
    const reference = library();
    for (let round = 0; round < 300; round++) {
      const below = random.pick([257, VOCABULARY_SIZE]);
      const ids = random.list(1 + random.integer(40), () => random.integer(below));
      for (const skip of [true, false]) {
        const expected = reference.decode(ids, { skip_special_tokens: skip });
        expect(tokenizer.decode(ids, { skipSpecialTokens: skip }), ids.join()).toBe(expected);
      }
    }
  });

  it('should keep a byte order mark, and read ids outside of the vocabulary as empty text', () => {
    const ids = tokenizer.encode('\ufeffa');
    expect(tokenizer.decode(ids)).toBe('\ufeffa');
    expect(tokenizer.decode([VOCABULARY_SIZE, 257, 1e6])).toBe('he');
    expect(tokenizer.decode([])).toBe('');
  });

  it('should show a token that is added but not special', () => {
    const ours = tokenizerWith({ added_tokens: [addedToken(4096, '<think>', { special: false }), addedToken(4097, '<end>')] });
    expect(ours.decode([4096, 257, 4097])).toBe('<think>he');
    expect([ours.isSpecial(4096), ours.isSpecial(4097), ours.isSpecial(257)]).toEqual([false, true, false]);
  });
});

describe('label', () => {
  it('should be a token’s text if its bytes are valid UTF-8', () => {
    expect(tokenizer.label(257)).toBe('he');
    expect(tokenizer.label(258)).toBe(' t');
    expect(tokenizer.label(END_OF_TEXT)).toBe('<|endoftext|>');
  });

  it('should be the bytes if the token is a part of a character', () => {
    const labels = tokenizer.encode('🦄').map((id) => tokenizer.label(id));
    expect(labels.join('').replaceAll('bytes:', '')).toBe('\\xf0\\x9f\\xa6\\x84');
    expect(labels.every((label) => label.startsWith('bytes:\\x'))).toBe(true);
  });

  it('should differ for all 256 bytes', () => {
    const labels = Array.from({ length: 256 }, (_, index) => tokenizer.label(index + 1));
    expect(new Set(labels).size).toBe(256);
    expect(labels.filter((label) => label.startsWith('bytes:\\x')).length).toBe(128);
  });
});

it('should refuse a tokenizer that is not byte-level', () => {
  expect(() => tokenizerWith({ decoder: { type: 'WordPiece' } })).toThrow(expect.objectContaining({ code: 'unsupported_model' }));
});
