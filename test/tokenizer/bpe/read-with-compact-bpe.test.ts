import { expect, it } from 'vitest';
import { CompactBpe } from '../../../src/tokenizer/bpe/compact-bpe.ts';
import { readWithCompactBpe } from '../../../src/tokenizer/bpe/read-with-compact-bpe.ts';
import { finish, Pace } from '../../../src/tokenizer/pace.ts';
import { parseTokenizerJson } from '../../../src/tokenizer/tokenizer-json.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { libraryTokenizer } from '../library-tokenizer.ts';
import { plainTextTokenizer } from '../plain-text-tokenizer.ts';
import type { WholeTokenizerJson } from '../whole-tokenizer-json.ts';

const json = {
  version: '1.0',
  added_tokens: [{ id: 9, content: '<|end "of" \\ text|>{[' }],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    vocab: {
      a: 0,
      b: 1,
      ab: 2,
      '"': 3,
      '\\': 4,
      Ġ: 5,
      'Ġ"': 6,
      日: 7,
      '😀': 10,
      '\n': 11,
      '{"': 12,
      '\ud800': 13,
      '\ufeff': 14,
      '],["': 15,
    },
    merges: [
      ['a', 'b'],
      ['Ġ', '"'],
    ],
    ignore_merges: true,
  },
};
const compactJson = JSON.stringify(json);
const encode = (text: string) => new TextEncoder().encode(text);
const TEXTS = ['ab', 'abba', 'Ġ"\\', '日😀', '\n{"', '\ud800', '\ufeff', '],["', 'x'];

/** Expects the file to be read as JSON.parse and the library read it. */
function expectSame(bytes: Uint8Array): void {
  const reference = libraryTokenizer(JSON.parse(new TextDecoder().decode(bytes)) as WholeTokenizerJson, {});
  const ours = plainTextTokenizer(parseTokenizerJson(bytes));
  for (const text of TEXTS) expect(ours.encode(text)).toEqual(reference.encode(text).map((id) => id + 0));
  for (let id = 0; id < 20; id++) expect(ours.spelling(id)).toBe(reference.spelling(id));
}

const { model, ...rest } = json;
const { type, vocab, merges, ...options } = model;
const escaped = compactJson.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const spelledKeys = compactJson.replace('"vocab"', '"\\u0076ocab"').replace('"model"', '"mod\\u0065l"');
it.each<[string, string]>([
  ['as JSON.stringify writes it', compactJson],
  ['with line breaks', JSON.stringify(json, null, '\t').replaceAll('\n', '\r\n ')],
  ['with space before colons and commas', ` ${JSON.stringify(json, null, 1).replaceAll('": ', '" : ').replaceAll(',\n', ' ,\n')} `],
  ['in ASCII', escaped],
  ['with other spellings of the keys', spelledKeys],
  ['after a byte order mark', `\ufeff${compactJson}`],
  ['with the model first', JSON.stringify({ model: json.model, ...rest })],
  ['with merges before the vocabulary', JSON.stringify({ ...json, model: { merges, ...options, vocab, type } })],
  ['with merges in one string each', JSON.stringify({ ...json, model: { ...json.model, merges: ['a b', 'Ġ "'] } })],
  ['without merges', JSON.stringify({ ...json, model: { ...json.model, merges: [] } })],
  ['without tokens', JSON.stringify({ ...json, model: { ...json.model, vocab: {}, merges: [] } })],
  ['without a type', JSON.stringify({ ...json, model: { ...options, continuing_subword_prefix: '', vocab, merges } })],
])('should read a byte-pair encoding %s', (_, text) => {
  const bytes = encode(text);
  expect(parseTokenizerJson(bytes).model).toBeInstanceOf(CompactBpe);
  expectSame(bytes);
});

it.each<[string, string, string]>([
  ['a token that occurs twice', '"a":0', '"a":0,"a":8'],
  ['a vocabulary that occurs twice', '"vocab":', '"vocab":{"a":1,"b":0,"ab":2},"vocab":'],
  ['merges that occur twice', '"merges":', '"merges":[["b","a"]],"merges":'],
  ['a model that occurs twice', '"version"', `"model":${JSON.stringify({ ...json.model, vocab: { a: 5 }, merges: [] })},"version"`],
  ['an id with an exponent', '"a":0', '"a":2e1'],
  ['an id with a sign', '"a":0', '"a":-0'],
])('should leave %s to JSON.parse', (_, old, changed) => {
  const text = compactJson.replace(old, changed);
  expect(text).not.toBe(compactJson);
  expect(readWithCompactBpe(encode(text))).toBeNull();
  expectSame(encode(text));
});

it('should read damaged files as JSON.parse does, or leave them to it', () => {
  const random = new SeededRandom(43);
  const valid = encode(compactJson);
  const [from, to] = [compactJson.indexOf('"model"'), valid.length];
  const signs = encode('"\\{}[],: 0123456789eau.-\u0120');
  let [compact, wrong] = [0, 0];
  for (let round = 0; round < 20_000; round++) {
    const at = from + random.integer(to - from);
    const inserted = random.list(random.integer(3), () => (random.next() < 0.8 ? random.pick([...signs]) : random.integer(256)));
    const bytes = Uint8Array.from([...valid.subarray(0, at), ...inserted, ...valid.subarray(at + random.integer(3))]);
    const taken = readWithCompactBpe(bytes) as { model: CompactBpe } | null;
    let whole: WholeTokenizerJson | undefined;
    try {
      whole = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      wrong++;
    }
    if (!taken) continue;
    const shown = new TextDecoder().decode(bytes.subarray(from));
    if (!whole) expect.fail(`JSON.parse refuses what was read: ${shown}`);
    compact++;
    const { model, ...rest } = taken;
    expect({ ...rest, model: whole.model }).toEqual(whole);
    const entries = Object.entries(whole.model.vocab as Record<string, number>);
    for (const [token, id] of entries) expect(model.spelling(id), shown).toBe(token);
    const library = libraryTokenizer(whole, {});
    for (const text of TEXTS) {
      const ids: number[] = [];
      finish(model.encode(text, ids, new Pace()));
      expect(ids, shown).toEqual(library.encode(text));
    }
  }
  // The test proves something only if both cases occur often.
  expect([compact > 1000, wrong > 1000]).toEqual([true, true]);
});
