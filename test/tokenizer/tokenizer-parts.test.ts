import { describe, expect, it } from 'vitest';
import { supportedModels } from '../../src/tokenizer/models/create-word-model.ts';
import { supportedParts } from '../../src/tokenizer/parts/supported-parts.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import reference from '../golden/tokenizer-parts.json' with { type: 'json' };
import { tokenizerJson } from './default-tokenizer.ts';

const open = (json: object) => new TextTokenizer(parseTokenizerJson(new TextEncoder().encode(JSON.stringify(json))));
const { added_tokens, models, cases } = reference;

describe('tokenizers with random parts', () => {
  /** Combinations that are refused, and not exact. */
  const REFUSED = /prepend_scheme "first" is not supported after|do not go together|its pattern matches the empty text/;

  it.each(Object.keys(Object.groupBy(models, ({ type }) => type)))('should equal the tokenizers package, or be refused: %s', (type) => {
    let compared = 0;
    for (const { model, texts, ...parts } of cases.filter((one) => models[one.model].type === type)) {
      let tokenizer: TextTokenizer;
      try {
        tokenizer = open({ ...parts, added_tokens, model: models[model] });
      } catch (error) {
        expect((error as Error).message).toMatch(REFUSED);
        continue;
      }
      for (const [text, ids, decoded] of texts as [string, number[], string][]) {
        expect(tokenizer.encode(text), JSON.stringify({ text, ...parts })).toEqual(ids);
        expect(tokenizer.decode(ids), JSON.stringify({ ids, ...parts })).toBe(decoded);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(200);
  });
});

describe('parts that are not exact', () => {
  const CASES: [changes: object, message: string][] = [
    [{ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }, 'normalizer "Precompiled" is not supported'],
    [{ normalizer: { type: 'Strip', strip_left: true } }, 'normalizer Strip: strip_right'],
    [{ normalizer: { type: 'NFC', form: 'x' } }, 'normalizer NFC: Unrecognized key: "form"'],
    [{ normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'X' }] } }, 'normalizer.normalizers.1 "X" is not supported'],
    [{ pre_tokenizer: { type: 'UnicodeScripts' } }, 'pre_tokenizer "UnicodeScripts" is not supported'],
    [{ pre_tokenizer: { type: 'Punctuation', behavior: 'Sometimes' } }, 'pre_tokenizer Punctuation: behavior'],
    ...['a++', '(?>a)', '(a)\\1', '(?<n>a)', '(?i)a', '\\R', 'a\\G', '(?'].map((Regex): [object, string] => [
      { pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false } },
      'pre_tokenizer: ',
    ]),
    ...['(a+)+b', '(?:a|aa)*b', '((?:ab)*c)+', '(a{1,999}){9,}', '(?i:x|y){2,100}'].map((Regex): [object, string] => [
      { pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false } },
      'the regular expression repeats',
    ]),
    [{ normalizer: { type: 'Replace', pattern: { String: 'a' }, content: 'b'.repeat(257) } }, 'normalizer Replace: content'],
    [{ normalizer: { type: 'Prepend', prepend: 'b'.repeat(257) } }, 'normalizer Prepend: prepend'],
    [{ added_tokens: [{ id: 1, content: 'a'.repeat(5000) }] }, 'added_tokens'],
    [{ added_tokens: Array.from({ length: 100 }, (_, id) => ({ id, content: id + 'a'.repeat(4000) })) }, 'added_tokens: they have'],
    [{ post_processor: { type: 'Unknown' } }, 'post_processor "Unknown" is not supported'],
    [
      { post_processor: { type: 'TemplateProcessing', single: [], pair: [], special_tokens: {} } },
      'TemplateProcessing: single does not have the sequence once',
    ],
    [{ decoder: { type: 'WordPiece' } }, 'decoder "WordPiece" is not supported'],
    [{ decoder: null }, 'the decoder is absent'],
    [{ decoder: { type: 'Sequence', decoders: [{ type: 'Fuse' }, { type: 'ByteFallback' }] } }, 'only this order is supported'],
    [{ decoder: { type: 'Strip', content: ' ', start: 1, stop: 0 } }, 'only this order is supported'],
    [{ model: { ...tokenizerJson.model, dropout: 0.1 } }, 'model BPE: dropout'],
    [{ model: { ...tokenizerJson.model, continuing_subword_prefix: '##' } }, 'model BPE: continuing_subword_prefix'],
    [{ model: { type: 'Unigram', unk_id: null, vocab: [['a', 0]] } }, 'model Unigram: unk_id'],
    [{ model: { type: 'Other', vocab: {} } }, 'model "Other" is not supported'],
  ];

  it.each(CASES)('should be refused by name: %j', (changes, message) => {
    expect(() => open({ ...tokenizerJson, ...changes })).toThrow(
      expect.objectContaining({ code: 'unsupported_model', param: 'tokenizer.json', message: expect.stringContaining(message) }),
    );
  });

  it('should be refused where a normalizer makes too much of a text', () => {
    const grow = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(256) };
    const tokenizer = open({ ...tokenizerJson, normalizer: { type: 'Sequence', normalizers: [grow, grow, grow] } });
    expect(() => tokenizer.encode('a')).toThrow('it makes a text of more than 8388608 characters');
  });

  it('should be refused where they nest deeper than any real tokenizer', () => {
    const nested = (depth: number): object => (depth === 0 ? { type: 'NFC' } : { type: 'Sequence', normalizers: [nested(depth - 1)] });
    expect(open({ ...tokenizerJson, normalizer: nested(8) }).encode('a')).toHaveLength(1);
    expect(() => open({ ...tokenizerJson, normalizer: nested(2000) })).toThrow('"Sequence" is not supported');
  });
});

it('should have every supported part among the random ones', () => {
  type Part = keyof typeof supportedParts;
  for (const [part, names] of Object.entries(supportedParts) as [Part, string[]][]) {
    const found = JSON.stringify(cases.map((one) => one[part])).match(/"type":"\w+"/g);
    expect([...new Set(found)].sort(), part).toEqual(names.map((name) => `"type":"${name}"`).sort());
  }
  expect([...new Set(models.map(({ type }) => type))].sort()).toEqual([...supportedModels].sort());
});
