import { describe, expect, it } from 'vitest';
import { CompactBpe } from '../../../src/tokenizer/bpe/compact-bpe.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { tokenizerConfig, tokenizerJson } from '../default-tokenizer.ts';
import { libraryTokenizer } from '../library-tokenizer.ts';
import { plainTextTokenizer } from '../plain-text-tokenizer.ts';
import { parsed, type WholeTokenizerJson } from '../whole-tokenizer-json.ts';

describe('random byte-pair encodings', () => {
  /**
   * A model in which some characters are unknown, merges build on merged tokens, some tokens are reached by no merge,
   * and ids are in random order, with gaps.
   */
  function randomModel(random: SeededRandom) {
    const alphabet = [...'abcdeé\u2581日😀 '].filter(() => random.next() < 0.6);
    const tokens = new Set(['a', '\u2581', ...alphabet]);
    const merges: [string, string][] = [];
    for (let count = random.integer(40); count > 0; count--) {
      const merge: [string, string] = [random.pick([...tokens]), random.pick([...tokens])];
      merges.push(merge);
      tokens.add(merge.join(''));
    }
    if (random.next() < 0.5) tokens.add('<unk>');
    if (random.next() < 0.7)
      for (let byte = 0; byte < 256; byte++) if (byte !== 0xa9) tokens.add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    for (const unreached of ['ab日', 'éc', '😀😀a', 'e e', '']) if (random.next() < 0.5) tokens.add(unreached);
    const entries = [...tokens].map((token): [string, number] => [token, 0]);
    let id = 0;
    for (let left = entries.length; left > 0; left--) {
      const at = random.integer(left);
      entries[at][1] = id += random.next() < 0.1 ? 3 : 1;
      entries.push(...entries.splice(at, 1));
    }
    const flag = () => random.pick([true, false, null, undefined]);
    return {
      type: random.pick(['BPE', undefined]),
      continuing_subword_prefix: null,
      unk_token: tokens.has('<unk>') ? random.pick(['<unk>', null]) : null,
      fuse_unk: flag(),
      byte_fallback: flag(),
      ignore_merges: flag(),
      vocab: Object.fromEntries(entries),
      merges: random.next() < 0.5 || merges.flat().some((part) => part.includes(' ')) ? merges : merges.map((merge) => merge.join(' ')),
    };
  }

  const decoder = { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] };
  const preTokenizers = [
    null,
    { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: false },
    { type: 'WhitespaceSplit' },
    { type: 'Split', pattern: { String: ' ' }, behavior: 'Isolated', invert: false },
  ];
  const normalizers = [
    null,
    { type: 'NFD' },
    { type: 'Strip', strip_left: true, strip_right: true },
    { type: 'Prepend', prepend: '\u2581' },
  ];

  it('should equal the library', () => {
    const random = new SeededRandom(42);
    for (let round = 0; round < 200; round++) {
      const json = {
        ...tokenizerJson,
        decoder,
        normalizer: random.pick(normalizers),
        pre_tokenizer: random.pick(preTokenizers),
        model: randomModel(random),
      } as WholeTokenizerJson;
      expect(parsed(json).model, JSON.stringify(json.model)).toBeInstanceOf(CompactBpe);
      const [ours, library] = [plainTextTokenizer(parsed(json)), libraryTokenizer(json, tokenizerConfig)];
      const texts = random.list(20, () =>
        random.text([...'aaabbbcdeé\u2581日😀  \n', '\ud800', '\ude00', 'ab', '日日', 'aaaa'], 1 + random.integer(60)),
      );
      // Where unknown characters are left out, two halves of a pair could become one in the reference.
      const isWhole = typeof json.model.unk_token !== 'string';
      for (const text of isWhole ? texts.map((one) => one.toWellFormed()) : texts)
        expect(ours.encode(text), JSON.stringify({ text, json })).toEqual(library.encode(text));
      for (let id = 0; id < 400; id++) expect(ours.spelling(id)).toBe(library.spelling(id));
    }
  });
});

describe('what CompactBpe does not support', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, '</w>': 3, 'b</w>': 4 }, merges: [['a', 'b']] };
  it.each<[string, object, string]>([
    [
      'a merge of something that is not a token',
      {
        merges: [
          ['a', 'b'],
          ['ab', 'x'],
        ],
      },
      'Merge',
    ],
    ['a merge into something that is not a token', { merges: [['b', 'a']] }, 'Merge'],
    ['a merge of three tokens', { merges: [['a', 'b', 'a']] }, 'JSON'],
    ['an id that occurs twice', { vocab: { ...model.vocab, c: 2 } }, 'The id 2 occurs twice'],
    ['an id over the limit', { vocab: { ...model.vocab, c: 2 ** 20 } }, 'over the limit'],
    ['a token over the length limit', { vocab: { ...model.vocab, ['c'.repeat(5000)]: 5 } }, 'over the limit'],
  ])('should be refused: %s', (_, changes, message) => {
    const json = { ...tokenizerJson, model: { ...model, ...changes } } as WholeTokenizerJson;
    expect(() => plainTextTokenizer(parsed(json))).toThrow(
      expect.objectContaining({
        code: 'unsupported_model',
        message: expect.stringMatching(`model BPE: its vocabulary and merges.*${message}`),
      }),
    );
  });

  it.each([{ end_of_word_suffix: '</w>' }, { continuing_subword_suffix: '@@' }, { continuing_subword_prefix: '##' }, { dropout: 0.5 }])(
    'should be refused as an option: %j',
    (options) => {
      const json = { ...tokenizerJson, model: { ...model, ...options } };
      expect(() => plainTextTokenizer(parsed(json))).toThrow(`model BPE: ${Object.keys(options)[0]}`);
    },
  );

  it.each([{}, { vocab: null, merges: [] }, { vocab: {}, merges: null }])('should refuse the model %j', (fields) => {
    expect(() => plainTextTokenizer(parsed({ ...tokenizerJson, model: { type: 'BPE', ...fields } }))).toThrow();
  });
});

it('should leave out unknown characters if the unknown token is not in the vocabulary', () => {
  const model = { type: 'BPE', unk_token: '<unk>', vocab: { a: 0 }, merges: [] };
  expect(plainTextTokenizer(parsed({ ...tokenizerJson, pre_tokenizer: null, model })).encode('abab')).toEqual([0, 0]);
});
