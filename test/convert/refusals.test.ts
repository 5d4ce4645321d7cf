import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { tokenizerFromMerges } from '../../src/convert/sources/hugging-face/tokenizer-from-merges.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { sampleTexts } from '../tokenizer/sample-texts.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const ASSETS = join(import.meta.dirname, '../../model-assets/tinystories-gpt2');

let folder: string;
let source: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-refusals-'));
  source = join(folder, 'model');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const copy = (name: string) => cp(join(GOLDEN, name), source, { recursive: true });
const readJson = async (name: string) => JSON.parse(await readFile(join(source, name), 'utf8'));
const editJson = async (name: string, changes: object) =>
  writeFile(join(source, name), JSON.stringify({ ...(await readJson(name)), ...changes }));

function convert(notes: string[] = [], path = source) {
  return convertModel({ source: path, target: join(folder, 'out'), onNote: (note) => notes.push(note) });
}

describe('a source that cannot be converted', () => {
  it('should be an adapter that says so', async () => {
    await mkdir(source);
    await writeFile(join(source, 'adapter_config.json'), '{"peft_type": "LORA"}');
    await writeFile(join(source, 'adapter_model.safetensors'), '');
    await expect(convert()).rejects.toThrow(
      'model: is an adapter (LoRA), and no model: convert the model that it was made for, and then the adapter into that model folder (gpt-edge convert --adapter <adapter> <model folder>)',
    );
  });

  it('should be a folder without weights, which may hold GGUF files', async () => {
    await expect(convert()).rejects.toThrow('model: is empty, or there is no such folder');
    await copy('tiny-gpt2');
    await rm(join(source, 'model.safetensors'));
    await expect(convert()).rejects.toThrow('model: holds no weights: there is no model.safetensors,');
    await writeFile(join(source, 'tiny.Q8_0.gguf'), 'x');
    await expect(convert()).rejects.toThrow(`model: holds GGUF files: convert one of them, such as ${join(source, 'tiny.Q8_0.gguf')}`);
  });

  it("should be a tokenizer in SentencePiece's format alone, or none at all", async () => {
    await copy('tiny-gpt2');
    await rm(join(source, 'tokenizer.json'));
    await expect(convert()).rejects.toThrow(/tokenizer\.json: cannot be opened: there is no such file$/);
    await writeFile(join(source, 'tokenizer.model'), 'x');
    await expect(convert()).rejects.toThrow("tokenizer.model: has SentencePiece's own format, which is not read");
  });

  it.each(['pytorch_model.bin', 'pytorch_model-00001-of-00002.bin', 'consolidated.00.pth'])(
    'should be a folder with pickled weights: %s',
    async (file) => {
      await copy('tiny-gpt2');
      await rm(join(source, 'model.safetensors'));
      await writeFile(join(source, file), 'x');
      await expect(convert()).rejects.toThrow(
        `${file}: holds pickled weights (PyTorch), which are programs, and are not read: save them as safetensors`,
      );
    },
  );

  it.each([
    ['a ZIP', Buffer.from('PK\u0003\u0004....')],
    ['of the old kind', Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc])],
  ])('should be a pickled file, %s', async (_, bytes) => {
    for (const name of ['weights.bin', 'weights.pt']) {
      await writeFile(join(folder, name), bytes);
      await expect(convert([], join(folder, name))).rejects.toThrow(`${name}: holds pickled weights (PyTorch)`);
    }
  });

  const quantized: [string, object][] = [
    ['gptq', { quantization_config: { quant_method: 'gptq', bits: 4 } }],
    ['awq', { quantization_config: { quant_method: 'awq' } }],
    ['fp8', { quantization_config: { quant_method: 'fp8' } }],
    ['compressed-tensors', { compression_config: { quant_method: 'compressed-tensors' } }],
    ['mlx', { quantization: { group_size: 64, bits: 4 } }],
    ['a method without a name', { quantization_config: {} }],
  ];
  it.each(quantized)("should be quantized in another tool's format, which is named: %s", async (method, change) => {
    await copy('tiny-gpt2');
    await editJson('config.json', change);
    const [field] = Object.keys(change);
    await expect(convert()).rejects.toThrow(
      `config.json: ${field}: the weights are quantized by ${method}, which is not read: convert the checkpoint`,
    );
  });
});

describe('added tokens beyond the embedding', () => {
  it('should be left out, and be said', async () => {
    await copy('tiny-gpt2');
    const json = await readJson('tokenizer.json');
    const token = { ...json.added_tokens[0], id: 128, content: '<extra>' };
    await editJson('tokenizer.json', { added_tokens: [...json.added_tokens, token] });
    const notes: string[] = [];
    await convert(notes);
    expect(notes).toEqual(['tokenizer.json has 1 added tokens beyond the embedding\'s 128 rows, which are left out: "<extra>".']);
    const written = JSON.parse(await readFile(join(folder, 'out', 'tokenizer.json'), 'utf8'));
    expect(written.added_tokens).toEqual(json.added_tokens);
  });

  it('should be refused if each text begins with one', async () => {
    await copy('tiny-gpt2');
    const json = await readJson('tokenizer.json');
    const piece = { id: '<extra>', type_id: 0 };
    await editJson('tokenizer.json', {
      added_tokens: [...json.added_tokens, { ...json.added_tokens[0], id: 128, content: '<extra>' }],
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: piece }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
        special_tokens: { '<extra>': { id: '<extra>', ids: [128], tokens: ['<extra>'] } },
      },
    });
    await expect(convert()).rejects.toThrow('tokenizer.json: post_processor: token "<extra>" has no row in the embedding');
  });
});

describe('vocab.json and merges.txt without tokenizer.json', () => {
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const tokenizer = (bytes: Uint8Array) => new TextTokenizer(parseTokenizerJson(bytes));

  /** Takes the default model's tokenizer.json apart, as transformers' older tokenizers are saved. */
  async function takeApart(config: object) {
    const whole = await readFile(join(ASSETS, 'tokenizer.json'));
    const { model } = JSON.parse(whole.toString());
    const merges = ['#version: 0.2', ...model.merges.map((pair: string[]) => pair.join(' ')), ''].join('\n');
    const files = new Map([
      ['vocab.json', json(model.vocab)],
      ['merges.txt', new TextEncoder().encode(merges)],
      ['tokenizer_config.json', json(config)],
    ]);
    return { files, expected: tokenizer(whole) };
  }

  it('should be built into the tokenizer that they are', async () => {
    const { files, expected } = await takeApart({ tokenizer_class: 'GPT2Tokenizer', bos_token: { content: '<|endoftext|>' } });
    const built = tokenizer(tokenizerFromMerges({ files }));
    for (const text of [...sampleTexts(new SeededRandom(2), 50), 'Once upon a time<|endoftext|>']) {
      expect(built.encode(text)).toEqual(expected.encode(text));
      expect(built.decode(built.encode(text))).toBe(expected.decode(expected.encode(text)));
    }
  });

  it('should begin each text with BOS where the class does', async () => {
    const { files, expected } = await takeApart({ add_bos_token: true });
    expect(tokenizer(tokenizerFromMerges({ files })).encode('Once')).toEqual([0, ...expected.encode('Once')]);
  });

  it('should be taken from a folder', async () => {
    await copy('tiny-gpt2');
    const { model } = await readJson('tokenizer.json');
    const expected = tokenizer(await readFile(join(source, 'tokenizer.json')));
    await rm(join(source, 'tokenizer.json'));
    await writeFile(join(source, 'vocab.json'), json({ ...model.vocab, '<|endoftext|>': 127 }));
    await writeFile(join(source, 'merges.txt'), model.merges.map((pair: string[]) => pair.join(' ')).join('\n'));
    await editJson('tokenizer_config.json', { tokenizer_class: 'GPT2Tokenizer' });
    await convert();
    const built = tokenizer(await readFile(join(folder, 'out', 'tokenizer.json')));
    expect(built.encode('the end and then')).toEqual(expected.encode('the end and then'));
    await rm(join(source, 'merges.txt'));
    await expect(convert()).rejects.toThrow(/tokenizer\.json: cannot be opened/);
  });

  const broken: [string, Record<string, Uint8Array>, string][] = [
    [
      'of another class',
      { 'tokenizer_config.json': json({ tokenizer_class: 'RobertaTokenizer' }) },
      'tokenizer_config.json: tokenizer_class "RobertaTokenizer": there is no tokenizer.json, and only that of GPT2Tokenizer is built',
    ],
    [
      'with half a merge',
      { 'merges.txt': Buffer.from('#version: 0.2\nh e\nh\n') },
      'merges.txt: merge 1: "h" is not two tokens of vocab.json that make a third',
    ],
    ['with an id twice', { 'vocab.json': json({ a: 0, b: 0 }) }, 'vocab.json: "b": id "0" is not one of 2 different ids from 0 on'],
    [
      'with an id that is left out',
      { 'vocab.json': json({ a: 0, b: 2 }) },
      'vocab.json: "b": id "2" is not one of 2 different ids from 0 on',
    ],
    [
      'without its BOS',
      { 'tokenizer_config.json': json({ add_bos_token: true, bos_token: '<s>' }) },
      'tokenizer_config.json: bos_token: "<s>" is not in vocab.json',
    ],
  ];
  it.each(broken)('should be refused if they are %s', async (_, changes, message) => {
    const { files } = await takeApart({});
    expect(() => tokenizerFromMerges({ files: new Map([...files, ...Object.entries(changes)]) })).toThrow(message);
  });
});
