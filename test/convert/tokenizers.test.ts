import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../src/convert/files/byte-reader.ts';
import { GgufMetadata } from '../../src/convert/sources/gguf/gguf-metadata.ts';
import type { GgufValue } from '../../src/convert/sources/gguf/read-metadata.ts';
import { ggufTokenizer } from '../../src/convert/sources/gguf/tokenizer/gguf-tokenizer.ts';
import { llama2cTokenizer } from '../../src/convert/sources/llama2c/llama2c-tokenizer.ts';
import { findScoreFault, mergesFromScores } from '../../src/convert/tokenizers/merges-from-scores.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { byteAlphabet } from '../../src/tokenizer/token-bytes.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import { buildTokenizerBin, type Llama2cToken, llama2cVocabulary } from './build-llama2c.ts';
import { damage, randomIntegers } from './fuzz-bytes.ts';

function open(files: ReadonlyMap<string, Uint8Array>): TextTokenizer {
  return new TextTokenizer(parseTokenizerJson(files.get('tokenizer.json')!));
}

function readBin(bytes: Uint8Array, vocabularySize: number) {
  const readAt = (position: number, target: Uint8Array) => {
    const piece = bytes.subarray(position, position + target.length);
    target.set(piece);
    return piece.length;
  };
  return llama2cTokenizer(new ByteReader({ file: 'tokenizer.bin', size: bytes.length, limit: bytes.length, readAt }), vocabularySize);
}

function readGguf(fields: Record<string, GgufValue>, architecture = 'llama') {
  const values = new Map(Object.entries(fields).map(([key, value]) => [`tokenizer.${key}`, value]));
  const vocabularySize = (fields['ggml.tokens'] as string[]).length;
  return ggufTokenizer('x.gguf', new GgufMetadata('x.gguf', values), { vocabularySize, architecture });
}

/**
 * run.c's encode, word for word: a space first, then characters or their bytes, then again and again the pair with the
 * best score.
 */
function encodeAsRunC(text: string, vocabulary: readonly Llama2cToken[]): number[] {
  const ids = new Map(vocabulary.map((token, id) => [token.text, id]));
  const bytes = (character: string) => [...new TextEncoder().encode(character)].map((byte) => byte + 3);
  const tokens = [1, ...(text === '' ? [] : [ids.get(' ')!])];
  for (const character of text) tokens.push(...(ids.has(character) ? [ids.get(character)!] : bytes(character)));
  for (;;) {
    let [best, at, score] = [-1, -1, -1e10];
    for (let index = 0; index + 1 < tokens.length; index++) {
      const id = ids.get(vocabulary[tokens[index]].text + vocabulary[tokens[index + 1]].text);
      if (id !== undefined && vocabulary[id].score > score) [best, at, score] = [id, index, vocabulary[id].score];
    }
    if (best < 0) return tokens;
    tokens.splice(at, 2, best);
  }
}

describe('llama2cTokenizer', () => {
  const pieces = [' t', 'he', ' the', ' a', 'll', ' ', 't', 'h', 'e', 'a', 'l', 'é', '  '];
  const vocabulary = llama2cVocabulary(pieces);
  const tokenizer = open(readBin(buildTokenizerBin(vocabulary), vocabulary.length));

  it('should put BOS and one space before a text, and only BOS before an empty one', () => {
    expect(tokenizer.encode('the')).toEqual([1, 261]);
    expect(tokenizer.encode('the', { addSpecialTokens: false })).toEqual([261]);
    expect(tokenizer.encode('')).toEqual([1]);
    expect(tokenizer.encode(' ')).toEqual([1, 271]);
  });

  it('should spell characters without a token in bytes, including special tokens and the mark of SentencePiece', () => {
    for (const text of ['日', '<s>', '<unk>', '<0x41>', '\u2581', 'é\n', '😀', '  the  all ', ' ']) {
      expect(tokenizer.encode(text), text).toEqual(encodeAsRunC(text, vocabulary));
      expect(tokenizer.decode(tokenizer.encode(text)), text).toBe(text);
    }
  });

  it('should give the ids of run.c for random vocabularies and texts', () => {
    const random = randomIntegers(31);
    for (let round = 0; round < 60; round++) {
      const words = new Set([' ', 'a', 'b', 'c']);
      for (let count = 5 + random(25); count > 0; count--) {
        const parts = [...words];
        words.add(parts[random(parts.length)] + parts[random(parts.length)]);
      }
      const shuffled = [...words].map((text) => ({ text, order: random(1e6) })).sort((a, b) => a.order - b.order);
      const own = llama2cVocabulary(shuffled.map(({ text }) => text));
      const ours = open(readBin(buildTokenizerBin(own), own.length));
      for (let texts = 0; texts < 40; texts++) {
        const text = Array.from({ length: random(40) }, () => 'aabbc  é'[random(8)]).join('');
        expect(ours.encode(text), JSON.stringify([shuffled, text])).toEqual(encodeAsRunC(text, own));
      }
    }
  });

  it.each([
    { problem: 'too few tokens', tokens: vocabulary.slice(0, -1), message: "tokens: are 271, and the model's vocabulary is 272" },
    {
      problem: 'too many tokens',
      tokens: [...vocabulary, { text: 'x', score: 0 }],
      message: "token 272: is beyond the model's vocabulary of 272",
    },
    { problem: 'a token twice', tokens: vocabulary.with(271, { text: 'he', score: 0 }), message: 'token 271: is the same as token 260' },
    { problem: 'an empty token', tokens: vocabulary.with(271, { text: '', score: 0 }), message: 'token 271: is empty' },
    {
      problem: 'a score of NaN',
      tokens: vocabulary.with(271, { text: 'x', score: Number.NaN }),
      message: 'tokens: token 271: score is NaN',
    },
    {
      problem: 'a length of -1',
      tokens: vocabulary.with(9, { text: 'x', score: 0, length: -1 }),
      message: 'token 9: length: 4294967295 is over max_token_length, 7',
    },
    {
      problem: 'a length beyond the file',
      tokens: vocabulary.with(271, { text: 'x', score: 0, length: 6 }),
      message: 'token 271: takes 6 bytes at byte 3752, and the file ends at 3753',
    },
    { problem: 'bytes elsewhere', tokens: vocabulary.with(5, { text: '<0x99>', score: 0 }), message: 'token 5: is not <0x02>' },
  ])('should refuse $problem', ({ tokens, message }) => {
    const expected = { code: 'invalid_file', param: 'tokenizer.bin', message: `tokenizer.bin: ${message}` };
    expect(() => readBin(buildTokenizerBin(tokens, 7), 272)).toThrow(expect.objectContaining(expected));
  });

  it('should refuse a max_token_length beyond its limit', () => {
    expect(() => readBin(buildTokenizerBin(vocabulary, 2 ** 30), 272)).toThrow('max_token_length: 1073741824 is over the limit of 384');
  });

  it('should answer thousands of damaged files quickly, with a GptEdgeError or with a tokenizer', () => {
    const valid = buildTokenizerBin(vocabulary);
    const random = randomIntegers(32);
    const start = performance.now();
    for (let round = 0; round < 3000; round++) {
      try {
        readBin(damage(valid, valid.length, random), 272);
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(GptEdgeError);
      }
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('mergesFromScores', () => {
  it('should list all ways to make a token, best score first', () => {
    const tokens = ['a', 'b', 'ab', 'aab', 'aa'];
    const merges = mergesFromScores({ tokens, scores: [0, 0, -1, -2, -3], isMergeable: () => true });
    expect(merges).toEqual([
      ['a', 'b'],
      ['a', 'ab'],
      ['aa', 'b'],
      ['a', 'a'],
    ]);
  });

  it('should leave out tokens that must not result from text', () => {
    const tokens = ['<', 's>', '<s>'];
    expect(mergesFromScores({ tokens, scores: [0, 0, 0], isMergeable: (id) => id !== 2 })).toEqual([]);
  });

  it('should limit the cost of trying all ways to split tokens', () => {
    const scored = (tokens: string[]) => ({ tokens, scores: new Float32Array(tokens.length), isMergeable: () => true });
    expect(findScoreFault(scored(['x'.repeat(129)]))).toBe('token 0: has 129 characters, over the limit of 128');
    const many = Array.from({ length: 40_000 }, (_, index) => String(index).padStart(128, 'x'));
    expect(findScoreFault(scored(many))).toBe('tokens have 5120000 characters, over the limit of 4194304');
    const most = scored(many.slice(0, 32_768));
    const start = performance.now();
    mergesFromScores(most);
    expect(performance.now() - start).toBeLessThan(4000);
  });
});

describe('ggufTokenizer', () => {
  const letters = [...byteAlphabet().keys()].map((code) => String.fromCodePoint(code));
  const bpe = {
    'ggml.model': 'gpt2',
    'ggml.tokens': [...letters, '12', '123', 'Ġa', '<bos>', '<eot>', '<think>'],
    'ggml.token_type': Int32Array.from([...letters.map(() => 1), 1, 1, 1, 3, 3, 4]),
    'ggml.merges': ['1 2', '12 3', 'Ġ a'],
    'ggml.bos_token_id': 259,
    'ggml.eos_token_id': 259,
  };
  const spell = (tokenizer: TextTokenizer, text: string) =>
    tokenizer.encode(text, { addSpecialTokens: false }).map((id) => tokenizer.label(id));

  it('should distinguish special tokens from those that are only kept whole', () => {
    const tokenizer = open(readGguf({ ...bpe, 'ggml.pre': 'gpt-2' }).files);
    expect([259, 260, 261, 0].map((id) => tokenizer.isSpecial(id))).toEqual([true, true, false, false]);
    expect(tokenizer.encode('<eot>', { parseSpecialTokens: true })).toEqual([260]);
    expect(tokenizer.encode('<eot>')).not.toContain(260);
  });

  it.each([
    { pre: 'gpt-2', text: 'x123 a', pieces: ['x', '123', ' a'] },
    { pre: 'smollm', text: 'x123 a', pieces: ['x', '1', '2', '3', ' a'] },
    { pre: 'llama-bpe', text: 'x1234 a', pieces: ['x', '123', '4', ' a'] },
    { pre: 'qwen2', text: 'x123 a', pieces: ['x', '1', '2', '3', ' a'] },
  ])('should split text as $pre does', ({ pre, text, pieces }) => {
    expect(spell(open(readGguf({ ...bpe, 'ggml.pre': pre }).files), text)).toEqual(pieces);
  });

  it('should put BOS before a text if the file or its pre-tokenizer says so', () => {
    const first = (fields: Record<string, GgufValue>) => open(readGguf({ ...bpe, ...fields }).files).encode('a')[0];
    expect(first({ 'ggml.pre': 'gpt-2' })).not.toBe(259);
    expect(first({ 'ggml.pre': 'gpt-2', 'ggml.add_bos_token': true })).toBe(259);
    expect(first({ 'ggml.pre': 'llama-bpe' })).toBe(259);
    expect(first({ 'ggml.pre': 'llama-bpe', 'ggml.add_bos_token': false })).not.toBe(259);
    expect(
      open(readGguf({ ...bpe, 'ggml.pre': 'gpt-2', 'ggml.add_eos_token': true }).files)
        .encode('a')
        .at(-1),
    ).toBe(259);
  });

  it('should also end at EOT if it is another token than EOS, and keep the chat template', () => {
    const { tokens, files } = readGguf({ ...bpe, 'ggml.pre': 'gpt-2', 'ggml.eot_token_id': 260, chat_template: '{{ messages }}' });
    expect(tokens).toEqual({ bos_token_id: 259, eos_token_id: [259, 260], pad_token_id: undefined });
    expect(parseTokenizerConfig(files.get('tokenizer_config.json')!)).toMatchObject({
      chat_template: '{{ messages }}',
      eos_token: '<bos>',
    });
  });

  it('should keep named chat templates, the one without a name as default', () => {
    const templates = { chat_template: 'plain', 'chat_template.tool_use': 'tools' };
    const { files } = readGguf({ ...bpe, 'ggml.pre': 'gpt-2', ...templates });
    expect(parseTokenizerConfig(files.get('tokenizer_config.json')!).chat_template).toEqual([
      { name: 'default', template: 'plain' },
      { name: 'tool_use', template: 'tools' },
    ]);
  });

  it('should hold the tokens that the file names for special, whatever their types say, but none that text needs', () => {
    const named = { 'ggml.eot_token_id': 260, 'ggml.fim_pre_token_id': 261, 'ggml.padding_token_id': 0 };
    const types = Int32Array.from(bpe['ggml.tokens'], () => 1);
    const { files } = readGguf({ ...bpe, 'ggml.token_type': types, 'ggml.pre': 'gpt-2', ...named });
    expect([259, 260, 261, 0].map((id) => open(files).isSpecial(id))).toEqual([true, true, true, false]);
  });

  it('should recognize bytes and marks in a file without types', () => {
    const { 'ggml.token_type': _, ...untyped } = bpe;
    const { files } = readGguf({ ...untyped, 'ggml.tokens': [...bpe['ggml.tokens'], '<|im_end|>'], 'ggml.pre': 'gpt-2' });
    expect([259, 262, 256].map((id) => open(files).isSpecial(id))).toEqual([true, true, false]);
  });

  it('should go without a pre-tokenizer only for GPT-2, and refuse to add a BOS that is not named', () => {
    expect(spell(open(readGguf(bpe, 'gpt2').files), 'a 123')).toEqual(['a', ' ', '123']);
    expect(() => readGguf(bpe)).toThrow('x.gguf: tokenizer.ggml.pre is missing, which is not supported');
    const { 'ggml.bos_token_id': _, ...unnamed } = bpe;
    expect(() => readGguf({ ...unnamed, 'ggml.pre': 'llama-bpe' })).toThrow(
      'tokenizer.ggml.bos_token_id: is missing, and BOS is put around texts',
    );
  });

  describe('with scores', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    const pieces = ['\u2581', 'a', 'b', '\u2581a', 'ab', '[INST]'];
    const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces];
    const fields = {
      'ggml.model': 'llama',
      'ggml.tokens': tokens,
      'ggml.token_type': Int32Array.from([2, 3, 3, ...bytes.map(() => 6), 1, 1, 1, 1, 1, 3]),
      'ggml.scores': Float32Array.from(tokens, (_, id) => (id < 259 ? 0 : 259 - id)),
      'ggml.bos_token_id': 1,
      'ggml.eos_token_id': 2,
      'ggml.unknown_token_id': 0,
    };

    it('should put a space before each piece of text and BOS before all of it', () => {
      const tokenizer = open(readGguf(fields).files);
      expect(tokenizer.encode('ab')).toEqual([1, 262, 261]);
      expect(tokenizer.encode('a[INST]a', { parseSpecialTokens: true })).toEqual([1, 262, 264, 262]);
      expect(tokenizer.decode([1, 262, 261])).toBe('ab');
    });

    it('should add no space if the file says so, and remove none', () => {
      const tokenizer = open(readGguf({ ...fields, 'ggml.add_space_prefix': false, 'ggml.add_bos_token': false }).files);
      expect(tokenizer.encode('ab')).toEqual([263]);
      expect(tokenizer.encode('日')).toEqual([0xe6, 0x97, 0xa5].map((byte) => byte + 3));
      expect(tokenizer.decode(tokenizer.encode(' ab'))).toBe(' ab');
    });

    it('should refuse invalid scores', () => {
      const scores = Float32Array.from(fields['ggml.scores']).fill(Number.NaN, 263, 264);
      expect(() => readGguf({ ...fields, 'ggml.scores': scores })).toThrow('tokenizer.ggml.tokens: token 263: score is NaN');
      expect(() => readGguf({ ...fields, 'ggml.scores': ['0'] })).toThrow(
        'tokenizer.ggml.scores: an array of 1 elements is not an array of numbers',
      );
    });
  });
});
