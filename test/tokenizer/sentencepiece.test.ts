import { describe, expect, it } from 'vitest';
import { TextPieces } from '../../src/generation/text/text-pieces.ts';
import { IncrementalDetokenizer } from '../../src/tokenizer/incremental-detokenizer.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import { addedToken } from './default-tokenizer.ts';

/**
 * A tokenizer like Llama's: a mark in place of each space, bytes for characters without a token, and a space before
 * every text.
 */
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const TOKENS = ['<unk>', '<s>', '</s>', ...BYTES, '\u2581', 'a', 'b', '\u2581a', '\u2581\u2581'];
const [SPACE, A, B, SPACE_A, TWO_SPACES] = [259, 260, 261, 262, 263];
const BOS = 1;
const byte = (value: number) => value + 3;

const single = [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
const json = {
  added_tokens: TOKENS.slice(0, 3).map((content, id) => addedToken(id, content)),
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '\u2581' },
      { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    ],
  },
  pre_tokenizer: null,
  post_processor: {
    type: 'TemplateProcessing',
    single,
    pair: single,
    special_tokens: { '<s>': { id: '<s>', ids: [BOS], tokens: ['<s>'] } },
  },
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    fuse_unk: true,
    byte_fallback: true,
    vocab: Object.fromEntries(TOKENS.map((token, id) => [token, id])),
    merges: [
      ['\u2581', 'a'],
      ['\u2581', '\u2581'],
    ],
  },
};
const tokenizerWith = (changes: object) =>
  new TextTokenizer(parseTokenizerJson(new TextEncoder().encode(JSON.stringify({ ...json, ...changes }))));
const tokenizer = tokenizerWith({});

describe('a tokenizer like SentencePiece’s', () => {
  it('should put a space before a text, and remove it again', () => {
    for (const text of ['a b', ' a', '  ', 'b', '日\n', '😀', '<s>', '']) expect(tokenizer.decode(tokenizer.encode(text)), text).toBe(text);
    expect(tokenizer.encode('a b')).toEqual([BOS, SPACE_A, SPACE, B]);
    expect(tokenizer.encode('')).toEqual([BOS]);
  });

  it('should put a space before each piece between special tokens, as the original does', () => {
    expect(tokenizer.encode('a</s>a', { parseSpecialTokens: true })).toEqual([BOS, SPACE_A, 2, SPACE_A]);
    expect(tokenizer.decode([BOS, SPACE_A, 2, SPACE_A])).toBe('a a');
  });

  it('should strip at most one space, and only at the beginning of the text', () => {
    expect(tokenizer.decode([TWO_SPACES, A])).toBe(' a');
    expect(tokenizer.decode([SPACE, SPACE_A])).toBe(' a');
    expect(tokenizer.decode([A, SPACE_A])).toBe('a a');
    // Here the special token is shown by its spelling, so the text does not begin with the space.
    expect(tokenizer.decode([BOS, SPACE_A], { skipSpecialTokens: false })).toBe('<s> a');
  });

  it('should strip nothing if the decoder does not', () => {
    const decoder = { type: 'Sequence', decoders: json.decoder.decoders.slice(0, 3) };
    expect(tokenizerWith({ decoder }).decode([SPACE_A])).toBe(' a');
  });

  it('should strip as many spaces as the decoder says, across tokens', () => {
    const decoder = {
      type: 'Sequence',
      decoders: [...json.decoder.decoders.slice(0, 3), { type: 'Strip', content: ' ', start: 3, stop: 0 }],
    };
    expect(tokenizerWith({ decoder }).decode([TWO_SPACES, TWO_SPACES, A])).toBe(' a');
    expect(tokenizerWith({ decoder }).decode([SPACE, A, SPACE_A])).toBe('a a');
  });

  it('should give a token’s own bytes, including its space', () => {
    expect(tokenizer.label(SPACE_A)).toBe(' a');
    expect([...tokenizer.bytes(byte(0xe6))]).toEqual([0xe6]);
    expect(tokenizer.label(byte(0xe6))).toBe('bytes:\\xe6');
  });

  it('should read spellings of bytes as text if there is no byte fallback', () => {
    const decoder = { type: 'Sequence', decoders: [{ type: 'Fuse' }] };
    expect(tokenizerWith({ decoder }).label(byte(0x41))).toBe('<0x41>');
  });
});

describe('IncrementalDetokenizer', () => {
  const pieces = (ids: readonly number[], before?: readonly number[]) => {
    const detokenizer = new IncrementalDetokenizer(tokenizer, before);
    return [...ids.map((id) => detokenizer.push(id)), detokenizer.flush()];
  };

  it('should keep the space of a text that continues another', () => {
    expect(pieces([SPACE_A, SPACE, B], [BOS, SPACE_A])).toEqual([' a', ' ', 'b', '']);
  });

  it('should strip the space if only special tokens come before', () => {
    expect(pieces([SPACE_A, SPACE, B], [BOS])).toEqual(['a', ' ', 'b', '']);
    expect(pieces([BOS, SPACE, SPACE_A])).toEqual(['', '', ' a', '']);
  });

  it('should make prompt and continuation add up to the whole text', () => {
    const ids = tokenizer.encode('a b  a 日');
    for (let cut = 0; cut <= ids.length - 3; cut++) {
      const [before, after] = [ids.slice(0, cut), ids.slice(cut)];
      expect(tokenizer.decode(before) + pieces(after, before).join(''), String(cut)).toBe('a b  a 日');
    }
  });
});

describe('TextPieces', () => {
  const place = (ids: readonly number[], prompt: readonly number[]) => {
    const pieces = new TextPieces(tokenizer, [], prompt);
    const all = ids.flatMap((id) => pieces.push({ id, endOfSequence: id === 2 }) ?? []);
    return { text: all.map(({ text }) => text).join(''), offsets: all.flatMap(({ tokens }) => tokens.map(({ offset }) => offset)) };
  };

  it('should give the offsets of tokens in the text as it is shown', () => {
    expect(place([SPACE_A, SPACE, B, 2], [BOS])).toEqual({ text: 'a b', offsets: [0, 1, 2, 3] });
    expect(place([SPACE_A, SPACE, B, 2], [BOS, A])).toEqual({ text: ' a b', offsets: [0, 2, 3, 4] });
    expect(place([SPACE, SPACE_A, 2], [BOS])).toEqual({ text: ' a', offsets: [0, 0, 2] });
  });
});
