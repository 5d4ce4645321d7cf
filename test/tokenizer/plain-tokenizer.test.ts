import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { CompactBpe } from '../../src/tokenizer/compact-bpe.ts';
import { exactDigits } from '../../src/tokenizer/exact-digits.ts';
import { createPlainTokenizer } from '../../src/tokenizer/plain-tokenizer.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import type { TokenizerConfig } from '../../src/tokenizer/tokenizer-json.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { tokenizerConfig, tokenizerJson } from './default-tokenizer.ts';
import { libraryTokenizer } from './library-tokenizer.ts';
import { sampleTexts } from './sample-texts.ts';
import { readTokenizer, tokenizerFolders } from './tokenizer-folders.ts';
import { parsed, type WholeTokenizerJson } from './whole-tokenizer-json.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

/** Token for token: sample texts, each token's spelling and text alone, sentences of them, and every id back. */
function expectEqual(json: WholeTokenizerJson, config: TokenizerConfig, count = 150): void {
  const [ours, library] = [createPlainTokenizer(exactDigits(parsed(json)), config), libraryTokenizer(json, config)];
  const whole = new TextTokenizer({ ...parsed(json), added_tokens: [] }, config);
  const random = new SeededRandom(41);
  const spellings = Object.keys(json.model.vocab as Record<string, number>);
  const ids = [...spellings.keys()];
  const sentences = random.list(count, () => random.text(spellings, random.integer(20)));
  const texts = [...sampleTexts(random, count), ...spellings, ...ids.map((id) => whole.label(id)), ...sentences];
  const isDifferent = (text: string) => ours.encode(text).join() !== library.encode(text).join();
  expect(texts.filter((text) => text !== '' && isDifferent(text))).toEqual([]);
  expect([...ids, ids.length, 1e6].filter((id) => ours.spelling(id) !== library.spelling(id))).toEqual([]);
  const read = texts.map((text) => ours.encode(text));
  // Beyond byte fallback the library loses byte order marks.
  const withoutMark = (text: string) => text.replaceAll('\ufeff', '');
  expect(read.filter((part) => withoutMark(whole.decode(part)) !== withoutMark(library.decode(part)))).toEqual([]);
}

describe.each(['model-assets', 'test/golden'].flatMap((root) => tokenizerFolders(join(REPOSITORY, root))))('%s', (folder) => {
  it('should equal the library', () => {
    const { json, config } = readTokenizer(folder);
    expect(parsed(json).model).toBeInstanceOf(CompactBpe);
    expectEqual(json, config);
  });
});

/** Whole models' tokenizers, as they come and as the converter makes them: see test/convert/shared-models.test.ts. */
const MODELS = join(process.env.GPT_EDGE_MODELS ?? '', 'models');
const hasModels = process.env.GPT_EDGE_MODELS !== undefined && existsSync(MODELS);
describe.skipIf(!hasModels)('larger tokenizers (skipped without GPT_EDGE_MODELS)', () => {
  let target: string;
  beforeAll(async () => {
    target = await mkdtemp(join(tmpdir(), 'gpt-edge-tokenizers-'));
  });
  afterAll(() => rm(target, { recursive: true, force: true }));

  it.each(hasModels ? tokenizerFolders(MODELS).map((folder) => relative(MODELS, folder)) : [])(
    'should equal the library for %s',
    (folder) => {
      const { json, config } = readTokenizer(join(MODELS, folder));
      expect(parsed(json).model).toBeInstanceOf(CompactBpe);
      expectEqual(json, config, 600);
    },
  );

  it.each(['stories260k/stories260K.bin', 'smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf'])(
    'should equal the library for %s, converted',
    async (source) => {
      const path = join(target, source.replaceAll('/', '-'));
      await convertModel({ source: join(MODELS, source), target: path });
      const { json, config } = readTokenizer(path);
      expect(parsed(json).model).toBeInstanceOf(CompactBpe);
      expectEqual(json, config, 600);
    },
  );
});

describe('random byte-pair encodings', () => {
  /** Half of the alphabet is unknown; merges go over tokens that merges made; entries that no merge reaches; ids in no order, with gaps. */
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
    { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
  ];
  const normalizers = [
    null,
    { type: 'NFD' },
    { type: 'Strip', strip_left: true, strip_right: true },
    { type: 'Prepend', prepend: '\u2581' },
  ];

  it('should equal the library', () => {
    const random = new SeededRandom(42);
    for (let round = 0; round < 400; round++) {
      const json = {
        ...tokenizerJson,
        decoder,
        normalizer: random.pick(normalizers),
        pre_tokenizer: random.pick(preTokenizers),
        model: randomModel(random),
      } as WholeTokenizerJson;
      expect(parsed(json).model, JSON.stringify(json.model)).toBeInstanceOf(CompactBpe);
      const [ours, library] = [createPlainTokenizer(parsed(json), tokenizerConfig), libraryTokenizer(json, tokenizerConfig)];
      const texts = random.list(20, () =>
        random.text([...'aaabbbcdeé\u2581日😀  \n', '\ud800', '\ude00', 'ab', '日日', 'aaaa'], 1 + random.integer(60)),
      );
      for (const text of texts) expect(ours.encode(text), JSON.stringify({ text, json })).toEqual(library.encode(text));
      for (let id = 0; id < 400; id++) expect(ours.spelling(id)).toBe(library.spelling(id));
    }
  });
});

describe('what the compact model does not hold', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, '</w>': 3, 'b</w>': 4 }, merges: [['a', 'b']] };
  const changes: Record<string, object> = {
    'a suffix of words': { end_of_word_suffix: '</w>' },
    'a suffix within words': { continuing_subword_suffix: '@@' },
    'a merge of no token': {
      merges: [
        ['a', 'b'],
        ['ab', 'x'],
      ],
    },
    'a merge into no token': { merges: [['b', 'a']] },
    'a merge of three': { merges: [['a', 'b', 'a']] },
    'an id that comes twice': { vocab: { ...model.vocab, c: 2 } },
    'an id over the cap': { vocab: { ...model.vocab, c: 2 ** 20 } },
    'an entry over the cap': { vocab: { ...model.vocab, ['c'.repeat(5000)]: 5 } },
    'a WordPiece': { type: 'WordPiece', unk_token: 'a', continuing_subword_prefix: '##' },
    'a Unigram': {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['a', -1],
        ['b', -2],
        ['ab', -2.5],
      ],
    },
  };
  it.each(Object.keys(changes))('should be left to the library: %s', (name) => {
    const json = {
      ...tokenizerJson,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      model: { ...model, ...changes[name] },
    } as WholeTokenizerJson;
    expect(parsed(json).model).not.toBeInstanceOf(CompactBpe);
    const [ours, library] = [createPlainTokenizer(parsed(json), {}), libraryTokenizer(json, {})];
    for (const text of ['ab', 'abba b', 'aab x', 'c']) expect(ours.encode(text), text).toEqual(library.encode(text));
    for (let id = 0; id < 7; id++) expect(ours.spelling(id)).toBe(library.spelling(id));
  });

  it.each([{ remove_space: true }, { do_lowercase_and_remove_accent: true }])('should be left to the library: %j', (config) => {
    const [ours, library] = [createPlainTokenizer(parsed(tokenizerJson), config), libraryTokenizer(tokenizerJson, config)];
    for (const text of ['  a   b ', 'Évian ABC']) expect(ours.encode(text)).toEqual(library.encode(text));
    expect(ours.encode('É  B ')).not.toEqual(createPlainTokenizer(parsed(tokenizerJson), {}).encode('É  B '));
  });

  it.each([{}, { vocab: null, merges: [] }, { vocab: {}, merges: null }])('should refuse the model %j', (fields) => {
    expect(() => createPlainTokenizer(parsed({ ...tokenizerJson, model: { type: 'BPE', ...fields } }), {})).toThrow();
  });
});

describe('words without an end', () => {
  const tokenizer = createPlainTokenizer(parsed(tokenizerJson), tokenizerConfig);

  // A quadratic merge would take longer than a test may.
  it.each(['a', 'he', 'theinar', '日😀'])('should be read in O(n log n): %s', (piece) => {
    const [word, part] = [piece.repeat(500_000 / piece.length), piece.repeat(2000)];
    const ids = tokenizer.encode(word);
    expect(ids.slice(0, 1000)).toEqual(tokenizer.encode(part).slice(0, 1000));
    expect(ids.reduce((sum, id) => sum + tokenizer.spelling(id).length, 0)).toBe(new TextEncoder().encode(word).length);
  });
});
