import { expect, it } from 'vitest';
import { parseTokenizerConfig, parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

it('should read a tokenizer.json and fill in defaults, also after a byte order mark', () => {
  const { added_tokens, model } = parseTokenizerJson(bytes('\ufeff{"model":{"type":"BPE"},"added_tokens":[{"id":5,"content":"<x>"}]}'));
  expect(added_tokens).toEqual([{ id: 5, content: '<x>', special: false, lstrip: false, rstrip: false, single_word: false }]);
  expect(model).toEqual({ type: 'BPE' });
  expect(parseTokenizerJson(bytes('{"model":{}}')).added_tokens).toEqual([]);
});

it('should read the tokens of a tokenizer_config.json, both strings and objects', () => {
  const config = parseTokenizerConfig(bytes('{"bos_token":{"content":"<s>","lstrip":false},"eos_token":"</s>","chat_template":null}'));
  expect(config).toMatchObject({ bos_token: '<s>', eos_token: '</s>', chat_template: null });
});

it.each(['', '[]', '{}', '{"model":{},"added_tokens":[{"id":-1,"content":"x"}]}', '{"model":{},"added_tokens":[{"id":1,"content":""}]}'])(
  'should refuse the tokenizer.json %j',
  (text) => {
    expect(() => parseTokenizerJson(bytes(text))).toThrow(expect.objectContaining({ code: 'unsupported_model', param: 'tokenizer.json' }));
  },
);

it.each(['null', '{"eos_token":3}', '{"chat_template":[{"name":"default"}]}'])('should refuse the tokenizer_config.json %j', (text) => {
  expect(() => parseTokenizerConfig(bytes(text))).toThrow(
    expect.objectContaining({ code: 'unsupported_model', param: 'tokenizer_config.json' }),
  );
});

it('should refuse bytes that are not valid UTF-8', () => {
  expect(() => parseTokenizerConfig(Uint8Array.of(0x7b, 0xff, 0x7d))).toThrow(expect.objectContaining({ code: 'unsupported_model' }));
});
