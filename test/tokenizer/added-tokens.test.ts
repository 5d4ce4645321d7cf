import { describe, expect, it } from 'vitest';
import { AddedTokenFinder } from '../../src/tokenizer/added-tokens.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import reference from '../golden/added-tokens.json' with { type: 'json' };
import { addedToken } from './default-tokenizer.ts';

describe('added tokens in a text', () => {
  const { model, pre_tokenizer, cases } = reference;
  const opened = cases.map(({ normalizer, added_tokens }) => {
    const json = JSON.stringify({ model, pre_tokenizer, normalizer, added_tokens, decoder: { type: 'ByteLevel' }, post_processor: null });
    return new TextTokenizer(parseTokenizerJson(new TextEncoder().encode(json)));
  });

  it('should be found where the tokenizers package finds them', () => {
    for (const [index, { texts, added_tokens }] of cases.entries())
      for (const { text, all } of texts)
        expect(opened[index].encode(text, { parseSpecialTokens: true }), JSON.stringify({ text, added_tokens })).toEqual(all);
  });

  it('should stay text where they are special and were typed by a user', () => {
    for (const [index, { texts, added_tokens }] of cases.entries())
      for (const { text, plain } of texts) {
        const ids = opened[index].encode(text);
        expect(ids, JSON.stringify({ text, added_tokens })).toEqual(plain);
        expect(ids.some((id) => opened[index].isSpecial(id))).toBe(false);
      }
  });
});

describe('AddedTokenFinder', () => {
  it('should find a token that begins within one which is not allowed wholly', () => {
    const finder = new AddedTokenFinder([addedToken(1, '<<end>>'), addedToken(2, '<end>')]);
    const pieces = [...finder.split('<<end>> x', ({ id }) => (id === 1 ? 'some' : 'all'))];
    expect(pieces).toEqual([{ text: '<', start: 0 }, { id: 2 }, { text: '> x', start: 6 }]);
  });

  it('should look past a token that is not allowed at all', () => {
    const finder = new AddedTokenFinder([addedToken(1, '😀end'), addedToken(2, 'end')]);
    expect([...finder.split('😀end', ({ id }) => (id === 1 ? 'none' : 'all'))]).toEqual([{ text: '😀end', start: 0 }]);
    expect([...finder.split('😀end', ({ id }) => (id === 1 ? 'some' : 'all'))]).toEqual([{ text: '😀', start: 0 }, { id: 2 }]);
  });

  it.each(['lstrip', 'rstrip'])('should take linear time over white space for %s', (flag) => {
    const finder = new AddedTokenFinder([addedToken(1, '<s>', { [flag]: true })]);
    const spaces = '\n'.repeat(2 ** 20);
    // A quadratic search takes minutes.
    expect([...finder.split(spaces)]).toEqual([{ text: spaces, start: 0 }]);
    expect([...finder.split(`${spaces}<s>${spaces}`)]).toHaveLength(2);
    expect([...finder.split('<s>\n'.repeat(2 ** 16))]).toHaveLength(flag === 'rstrip' ? 2 ** 16 : 2 ** 16 + 1);
  });
});
