import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { defaultDtype } from '../../src/convert/dtypes/default-dtype.ts';
import { ByteReader } from '../../src/convert/files/byte-reader.ts';
import { readJson } from '../../src/convert/files/json-files.ts';
import { blockTypes } from '../../src/convert/sources/gguf/block-types.ts';
import { MAX_GGUF_HEADER_BYTES, readGgufHeader } from '../../src/convert/sources/gguf/gguf-header.ts';
import { openGguf } from '../../src/convert/sources/gguf/open-gguf.ts';
import { decodeTensor } from '../../src/convert/sources/gguf/open-gguf-file.ts';
import { openHuggingFaceFolder } from '../../src/convert/sources/hugging-face/open-hugging-face-folder.ts';
import type { Checkpoint } from '../../src/convert/sources/model-source.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import { array, buildGguf, field, type GgufEntry, type GgufParts, string, uint32, uint64 } from './build-gguf.ts';
import { damage, randomIntegers } from './fuzz-bytes.ts';
import { gpt2Gguf, llamaGguf } from './gguf-models.ts';

const GOLDEN = join(import.meta.dirname, '../golden');

let folder: string;
let path: string;
let llama: Checkpoint;
let gpt2: Checkpoint;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-gguf-'));
  path = join(folder, 'x.gguf');
  llama = await openHuggingFaceFolder(join(GOLDEN, 'tiny-llama'));
  gpt2 = await openHuggingFaceFolder(join(GOLDEN, 'tiny-gpt2'));
});
afterAll(async () => {
  await llama.weights.close();
  await gpt2.weights.close();
  await rm(folder, { recursive: true, force: true });
});

async function openBytes(bytes: Uint8Array): Promise<Checkpoint> {
  await writeFile(path, bytes);
  return openGguf(path);
}

function readHeader(bytes: Uint8Array) {
  const readAt = (position: number, target: Uint8Array) => {
    const piece = bytes.subarray(position, position + target.length);
    target.set(piece);
    return piece.length;
  };
  return readGgufHeader(new ByteReader({ file: 'x.gguf', size: bytes.length, limit: MAX_GGUF_HEADER_BYTES, readAt }));
}

function catchError(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

const tensor = (changes: Partial<GgufEntry> = {}): GgufEntry => ({
  name: 't',
  dimensions: [4],
  type: 0,
  data: new Uint8Array(16),
  ...changes,
});

describe('openGguf', () => {
  it.each(['llama', 'gpt2'])('should present a %s as its Hugging Face folder does', async (name) => {
    const expected = name === 'llama' ? llama : gpt2;
    const source = await openBytes(name === 'llama' ? await llamaGguf(llama) : await gpt2Gguf(gpt2));
    expect([...source.weights.tensors.keys()].sort()).toEqual([...expected.weights.tensors.keys()].sort());
    for (const { name: tensorName, shape } of expected.weights.tensors.values()) {
      expect(source.weights.tensors.get(tensorName)).toMatchObject({ shape, dtype: 'F32' });
      expect((await source.weights.read(tensorName)).values).toEqual((await expected.weights.read(tensorName)).values);
    }
    const tokenizer = readJson(expected, 'tokenizer.json') as { model: { vocab: Record<string, number> } };
    // A tokenizer.json may leave added tokens out of its vocabulary, but GGUF has one list.
    tokenizer.model.vocab['<|endoftext|>'] = 127;
    expect(readJson(source, 'tokenizer.json')).toEqual(tokenizer);
    expect(readJson(source, 'generation_config.json')).toEqual({ bos_token_id: 127, eos_token_id: 127 });
    expect(readJson(source, 'tokenizer_config.json')).toMatchObject({ bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' });
    await source.weights.close();
  });

  it.each(['llama', 'gpt2'])('should convert a %s to the same graph and weights as its Hugging Face folder', async (name) => {
    await writeFile(path, name === 'llama' ? await llamaGguf(llama) : await gpt2Gguf(gpt2));
    const [a, b] = [join(folder, `${name}-a`), join(folder, `${name}-b`)];
    const manifest = await convertModel({ source: path, target: a, id: 'tiny' });
    await convertModel({ source: join(GOLDEN, `tiny-${name}`), target: b, id: 'tiny', dtype: 'fp32' });
    for (const file of ['model.onnx', 'model.onnx_data'])
      expect((await readFile(join(a, file))).equals(await readFile(join(b, file)))).toBe(true);
    expect(manifest).toMatchObject({ dtype: 'fp32', source: 'x (GGUF in F32)', license: name === 'llama' ? 'apache-2.0' : null });
  });

  it('should keep the blocks of a GPT-2, whose matrices are transposed on the way', async () => {
    const random = randomIntegers(5);
    const data = Uint8Array.from({ length: 96 * 34 }, (_, index) => (index % 34 === 1 ? 0x20 : random(256)));
    const quantized = { name: 'blk.0.ffn_up.weight', dimensions: [32, 96], type: 8, data };
    const source = await openBytes(await gpt2Gguf(gpt2, [], [quantized]));
    const { values, transposedBlocks: blocks } = await source.weights.read('transformer.h.0.mlp.c_fc.weight');
    for (let index = 0; index < values.length; index++) {
      const [input, output] = [Math.floor(index / 96), index % 96];
      expect(values[index]).toBe(blocks!.scales[output] * (blocks!.codes[output * 32 + input] - 128));
    }
    await source.weights.close();
    await convertModel({ source: path, target: join(folder, 'q8'), id: 'tiny', dtype: 'q8' });
    expect((await readFile(join(folder, 'q8', 'model.onnx_data'))).includes(Buffer.from(blocks!.codes))).toBe(true);
  });

  it('should name the formats whose blocks are not kept, and choose the nearest dtype', async () => {
    const q4 = { name: 'blk.0.ffn_up.weight', dimensions: [32, 96], type: 2, data: new Uint8Array(96 * 18) };
    const q5 = { name: 'blk.1.ffn_up.weight', dimensions: [32, 96], type: 7, data: new Uint8Array(96 * 24) };
    await writeFile(path, await gpt2Gguf(gpt2, [], [q4, q5]));
    const { source } = await convertModel({ source: path, target: join(folder, 'mixed') });
    expect(source).toBe('x (GGUF, Q5_1 dequantized and so quantized again where that is asked for, in F32+Q4_0+Q5_1)');
    const tensors = ['Q4_K', 'F32'].map((dtype, index) => ({ name: dtype, dtype, shape: [], bytes: 100 - index }));
    expect(defaultDtype(tensors)).toBe('q4');
    expect(defaultDtype(tensors.slice(1))).toBe('fp32');
    expect(defaultDtype([])).toBe('fp32');
  });

  it('should accept 64-bit numbers, and read epsilon as the decimal that its float32 was written from', async () => {
    const source = await openBytes(await llamaGguf(llama, [['llama.context_length', field.long(96n)]]));
    expect(readJson(source, 'config.json')).toMatchObject({ max_position_embeddings: 96, rms_norm_eps: 1e-5, vocab_size: 128 });
    await source.weights.close();
  });

  it.each([
    {
      key: 'general.architecture',
      value: field.text('bert'),
      message: '"bert" is not supported; supported: llama, gpt2, gptneox, qwen2, qwen3, gemma3',
    },
    { key: 'general.architecture', value: field.count(3), message: 'general.architecture: "3" is not a string' },
    { key: 'llama.block_count', value: field.count(4_000_000_000), message: 'llama.block_count: 4000000000 is over the limit of 21' },
    { key: 'llama.block_count', value: field.float(1.5), message: 'llama.block_count: "1.5" is not a count' },
    { key: 'llama.embedding_length', value: field.long(1n << 40n), message: '1099511627776 is over the limit of 131072' },
    { key: 'llama.embedding_length', value: field.long(1n << 63n), message: '"9223372036854775808" is not a count' },
    { key: 'llama.attention.head_count', value: field.integers([6, 6]), message: 'an array of 2 elements is not a count' },
    { key: 'llama.attention.head_count', value: field.count(7), message: '7 heads of 6.857142857142857 values each' },
    { key: 'llama.attention.head_count', value: field.count(0), message: '0 heads of Infinity values each' },
    { key: 'llama.attention.layer_norm_rms_epsilon', value: field.float(Number.NaN), message: '"NaN" is not a finite number' },
    {
      key: 'llama.rope.dimension_count',
      value: field.count(4),
      message: 'llama.rope.dimension_count 4 is not supported for llama; supported: 8',
    },
    { key: 'llama.expert_count', value: field.count(8), message: 'llama.expert_count 8 is not supported' },
    { key: 'llama.vocab_size', value: field.count(127), message: 'llama.vocab_size: 127 is not the 128 rows of token_embd.weight' },
    {
      key: 'tokenizer.ggml.model',
      value: field.text('bert'),
      message: 'tokenizer.ggml.model "bert" is not supported; supported: gpt2, llama',
    },
    { key: 'tokenizer.ggml.pre', value: field.text('klingon'), message: 'tokenizer.ggml.pre "klingon" is not supported; supported: gpt-2' },
    {
      key: 'tokenizer.ggml.tokens',
      value: field.texts(['a', 'b']),
      message: 'tokenizer.ggml.tokens: has 2 tokens, and the embedding 128 rows',
    },
    { key: 'tokenizer.ggml.tokens', value: field.integers([1]), message: 'an array of 1 elements is not an array of strings' },
    { key: 'tokenizer.ggml.tokens', value: field.texts(new Array(128).fill('a')), message: 'token 1 is the same as token 0' },
    {
      key: 'tokenizer.ggml.token_type',
      value: field.integers([1]),
      message: 'tokenizer.ggml.token_type: has 1 elements, 128 are expected',
    },
    { key: 'tokenizer.ggml.merges', value: field.texts(['t q']), message: 'tokenizer.ggml.merges: merge 0 "t q": "tq" is not a token' },
    { key: 'tokenizer.ggml.merges', value: field.texts(['th']), message: 'merge 0 "th" is not two tokens' },
    { key: 'tokenizer.ggml.eos_token_id', value: field.count(128), message: 'tokenizer.ggml.eos_token_id: 128 is over the limit of 127' },
    { key: 'tokenizer.ggml.add_bos_token', value: field.count(1), message: 'tokenizer.ggml.add_bos_token: "1" is not a boolean' },
    { key: 'tokenizer.chat_template', value: field.count(1), message: 'tokenizer.chat_template: "1" is not a string' },
  ])('should refuse $key: $message', async ({ key, value, message }) => {
    const error = await openBytes(await llamaGguf(llama, [[key, value]])).catch((reason) => reason);
    expect(error).toBeInstanceOf(GptEdgeError);
    expect(error.message).toMatch(/^x\.gguf: /);
    expect(error.message).toContain(message);
  });

  it('should state how positions are stretched, and leave it to the architecture to refuse a type by name', async () => {
    const scaling = [
      ['llama.rope.scaling.type', field.text('linear')],
      ['llama.rope.scaling.factor', field.float(2)],
      ['llama.rope.scaling.original_context_length', field.count(48)],
    ] as const;
    const source = await openBytes(await llamaGguf(llama, scaling));
    expect(readJson(source, 'config.json').rope_scaling).toEqual({ rope_type: 'linear', factor: 2, original_max_position_embeddings: 48 });
    await source.weights.close();
    await writeFile(path, await llamaGguf(llama, [['llama.rope.scaling.type', field.text('su')]]));
    await expect(convertModel({ source: path, target: join(folder, 'su') })).rejects.toMatchObject({
      code: 'unsupported_model',
      message: expect.stringContaining('rope_type "su" is not supported for llama'),
    });
    await writeFile(path, await llamaGguf(llama, [['llama.rope.scaling.yarn_log_multiplier', field.float(0.1)]]));
    await expect(openGguf(path)).rejects.toThrow('x.gguf: llama.rope.scaling.yarn_log_multiplier is not supported for llama');
  });

  it('should refuse a file that is missing, and tensors that are not part of the architecture', async () => {
    await expect(openGguf(join(folder, 'none.gguf'))).rejects.toThrow('none.gguf: cannot be opened');
    const parts: GgufParts = {
      fields: [['general.architecture', field.text('llama')]],
      tensors: [tensor({ name: 'token_embd.weight' })],
    };
    await expect(openBytes(buildGguf(parts))).rejects.toThrow('tensor token_embd.weight: is missing or not a matrix');
    const other = openBytes(await gpt2Gguf(gpt2, [['general.architecture', field.text('llama')]]));
    await expect(other).rejects.toThrow('x.gguf: llama.attention.head_count: is missing');
    const renamed = Buffer.from(await llamaGguf(llama));
    renamed.write('blk.1.attn_z', renamed.indexOf('blk.1.attn_q'));
    await expect(openBytes(renamed)).rejects.toThrow('x.gguf: tensor "blk.1.attn_z.weight": is not part of llama');
  });

  it('should refuse weights and scales that are not finite numbers, naming the block', async () => {
    const type = blockTypes.get(3)!;
    const bytes = new Uint8Array(40);
    bytes.set([0, 0x7c], 20);
    const broken = { name: 'w', dtype: 'Q4_1', type, shape: [2, 32], bytes: 40, begin: 0 };
    expect(() => decodeTensor(bytes, broken, 'x.gguf')).toThrow('x.gguf: tensor w: block 1: scale is Infinity, which is not finite');
    bytes.set([0, 0, 1, 0x7e], 20);
    expect(() => decodeTensor(bytes, broken, 'x.gguf')).toThrow('block 1: minimum is NaN');
    const nan = new Uint8Array(Float32Array.of(0, Number.NaN).buffer);
    const floats = { ...broken, dtype: 'F32', type: blockTypes.get(0)!, shape: [2], bytes: 8 };
    expect(() => decodeTensor(nan, floats, 'x.gguf')).toThrow('x.gguf: tensor w: value 1 is NaN');
  });
});

describe('block formats', () => {
  const golden = JSON.parse(readFileSync(join(GOLDEN, 'gguf-blocks.json'), 'utf8')) as {
    formats: { type: number; name: string; bytes: string; values: string }[];
  };

  it.each(golden.formats)('should dequantize $name exactly as gguf-py does', ({ type, name, bytes, values }) => {
    const format = blockTypes.get(type)!;
    expect(format.name).toBe(name);
    const expected = new Float32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer);
    const decoded = format.decode!(new Uint8Array(Buffer.from(bytes, 'base64')));
    expect(decoded.values).toEqual(expected);
    expect(decoded.blocks !== undefined).toBe(format.keepsBlocks !== undefined);
    if (!decoded.blocks) return;
    const { bits, codes, scales, zeroPoints } = decoded.blocks;
    for (const [index, value] of expected.entries()) {
      expect(codes[index]).toBeLessThan(2 ** bits);
      const block = index >> 5;
      // A zero point of -minimum / scale is rounded once; all others are exact.
      expect(Math.abs(scales[block] * (codes[index] - zeroPoints[block]) - value)).toBeLessThanOrEqual(name === 'Q4_1' ? 1e-7 : 0);
    }
  });

  it('should keep a Q4_1 block exact if all its values are the same, although its scale is 0', () => {
    const bytes = new Uint8Array(20).fill(0xff);
    bytes.set([0, 0, 0, 0xc1]);
    const { values, blocks } = blockTypes.get(3)!.decode!(bytes);
    expect(values).toEqual(new Float32Array(32).fill(-2.5));
    expect(blocks).toMatchObject({ scales: Float32Array.of(-2.5), zeroPoints: Float32Array.of(0) });
    expect(blocks!.codes).toEqual(new Uint8Array(32).fill(1));
  });
});

describe('readGgufHeader', () => {
  it('should list tensors with their shapes and positions, in version 2 as well', () => {
    const q8 = { name: 'q', dimensions: [32, 2], type: 8, data: new Uint8Array(68) };
    const bytes = buildGguf({ version: 2, fields: [['general.alignment', field.count(64)]], tensors: [tensor(), q8], alignment: 64 });
    const { tensors } = readHeader(bytes);
    expect(tensors.get('t')).toMatchObject({ shape: [4], dtype: 'F32', bytes: 16 });
    expect(tensors.get('q')).toMatchObject({ shape: [2, 32], dtype: 'Q8_0', bytes: 68, begin: tensors.get('t')!.begin + 64 });
    expect(tensors.get('t')!.begin % 64).toBe(0);
  });

  it('should read metadata of every type', () => {
    const integers = { type: 9, bytes: array(5, [uint32(1), uint32(2 ** 32 - 3)]).bytes };
    const { metadata } = readHeader(
      buildGguf({
        fields: [
          ['u8', { type: 0, bytes: Uint8Array.of(255) }],
          ['i8', { type: 1, bytes: Uint8Array.of(255) }],
          ['i64', { type: 11, bytes: uint64(2n ** 64n - 1n) }],
          ['flag', field.flag(true)],
          ['text', field.text('日本')],
          ['integers', integers],
          ['texts', field.texts(['', 'é'])],
          ['__proto__', field.count(1)],
        ],
      }),
    );
    expect(Object.fromEntries([...metadata].slice(0, 5))).toEqual({ u8: 255, i8: -1, i64: -1n, flag: true, text: '日本' });
    expect([...(metadata.get('integers') as Int32Array)]).toEqual([1, -3]);
    expect(metadata.get('texts')).toEqual(['', 'é']);
    expect(metadata.get('__proto__')).toBe(1);
  });

  const huge = 2n ** 63n;
  it.each<{ problem: string; parts: GgufParts; message: string }>([
    { problem: 'another magic', parts: { magic: 'GGML' }, message: 'magic: "GGML" is not GGUF' },
    { problem: 'another version', parts: { version: 4 }, message: 'version: 4 is not one of 2, 3' },
    { problem: 'big-endian order', parts: { version: 0x03000000 }, message: 'version: 50331648 is not one of 2, 3 in little-endian order' },
    { problem: 'too many tensors', parts: { tensorCount: huge }, message: 'tensor_count: 9223372036854775808 is over the limit of 65536' },
    { problem: 'too many keys', parts: { keyCount: 5000 }, message: 'metadata_kv_count: 5000 is over the limit of 4096' },
    { problem: 'keys that are not there', parts: { keyCount: 9 }, message: 'metadata ""' },
    {
      problem: 'a huge key',
      parts: { fields: [['k'.repeat(300), field.count(1)]] },
      message: 'metadata key 0: 300 is over the limit of 256',
    },
    {
      problem: 'a key twice',
      parts: {
        fields: [
          ['k', field.count(1)],
          ['k', field.count(2)],
        ],
      },
      message: 'metadata "k": comes twice',
    },
    {
      problem: 'an unknown type',
      parts: { fields: [['k', { type: 13, bytes: uint32(1) }]] },
      message: 'metadata "k": type 13 is not one of 0 to 12',
    },
    {
      problem: 'a huge string',
      parts: { fields: [['k', { type: 8, bytes: string('', huge) }]] },
      message: '"k": 9223372036854775808 is over the limit of 1048576',
    },
    {
      problem: 'a string beyond the file',
      parts: { fields: [['k', { type: 8, bytes: string('x', 500) }]] },
      message: 'metadata "k": takes 500 bytes at byte',
    },
    {
      problem: 'a string that is not UTF-8',
      parts: { fields: [['k', { type: 8, bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff) }]] },
      message: '"k": "ÿ" is not UTF-8',
    },
    {
      problem: 'a huge array',
      parts: { fields: [['k', array(0, [], huge)]] },
      message: '"k": length: 9223372036854775808 is over the limit of 2097152',
    },
    {
      problem: 'an array beyond the file',
      parts: { fields: [['k', array(12, [], 2 ** 21)]] },
      message: '"k": takes 16777216 bytes at byte',
    },
    { problem: 'strings beyond the file', parts: { fields: [['k', field.texts(['a'], 2 ** 21)]] }, message: 'metadata "k":' },
    { problem: 'nested arrays', parts: { fields: [['k', array(9, [])]] }, message: '"k": arrays are nested deeper than the limit of 1' },
    {
      problem: 'an alignment of 0',
      parts: { fields: [['general.alignment', field.count(0)]] },
      message: '"general.alignment": "0" is not a power of two',
    },
    {
      problem: 'a huge alignment',
      parts: { fields: [['general.alignment', field.count(2 ** 20)]] },
      message: '"1048576" is not a power of two from 8 to 65536',
    },
    {
      problem: 'a tensor name too long',
      parts: { tensors: [tensor({ name: 'n'.repeat(257) })] },
      message: 'tensor 0: name: 257 is over the limit of 256',
    },
    { problem: 'no dimensions', parts: { tensors: [tensor({ dimensions: [] })] }, message: 'tensor "t": n_dimensions 0 is not 1 to 4' },
    { problem: 'five dimensions', parts: { tensors: [tensor({ dimensions: [4, 1, 1, 1, 1] })] }, message: 'n_dimensions 5 is not 1 to 4' },
    { problem: 'a dimension of 0', parts: { tensors: [tensor({ dimensions: [0] })] }, message: 'dimensions [0] hold a 0' },
    {
      problem: 'a huge dimension',
      parts: { tensors: [tensor({ dimensions: [huge] })] },
      message: 'dimension: 9223372036854775808 is over the limit of 1048576',
    },
    {
      problem: 'a huge product',
      parts: { tensors: [tensor({ dimensions: [2 ** 20, 2 ** 20] })] },
      message: 'take 4398046511104 bytes, over the limit of 2147483648',
    },
    { problem: 'an unknown format', parts: { tensors: [tensor({ type: 99 })] }, message: 'type 99 is unknown; supported: F32, F16, Q4_0' },
    {
      problem: 'a known, unsupported format',
      parts: { tensors: [tensor({ type: 20 })] },
      message: 'type IQ4_NL is not supported; supported: F32',
    },
    {
      problem: 'half a block',
      parts: { tensors: [tensor({ type: 2, dimensions: [48] })] },
      message: "rows of 48 values are not a multiple of Q4_0's blocks of 32",
    },
    { problem: 'a tensor twice', parts: { tensors: [tensor(), tensor()] }, message: 'tensor "t": comes twice' },
    {
      problem: 'an unaligned offset',
      parts: { tensors: [tensor({ offset: 4 })] },
      message: 'offset 4 is not a multiple of the alignment of 32',
    },
    { problem: 'an offset beyond the file', parts: { tensors: [tensor({ offset: 64 })] }, message: 'tensor "t": ends at byte' },
    {
      problem: 'a tensor over another',
      parts: { tensors: [tensor({ dimensions: [16], data: new Uint8Array(64) }), tensor({ name: 'u', offset: 32 })] },
      message: 'inside tensor "t", which ends at',
    },
  ])('should refuse $problem', ({ parts, message }) => {
    const error = catchError(() => readHeader(buildGguf(parts)));
    expect(error).toBeInstanceOf(GptEdgeError);
    expect(error).toMatchObject({ param: 'x.gguf', message: expect.stringContaining(message) });
    expect((error as Error).message).toMatch(/^x\.gguf: /);
  });

  it('should refuse a file that is cut anywhere', () => {
    const whole = buildGguf({ fields: [['k', field.texts(['a', 'b'])]], tensors: [tensor()] });
    for (let length = 0; length < whole.length - 16; length++)
      expect(
        catchError(() => readHeader(whole.subarray(0, length))),
        String(length),
      ).toMatchObject({ code: 'invalid_file' });
  });

  it('should answer thousands of damaged files quickly, with a GptEdgeError or with tensors inside the file', async () => {
    const valid = await llamaGguf(llama);
    const header = Math.min(...[...readHeader(valid).tensors.values()].map(({ begin }) => begin));
    const random = randomIntegers(17);
    const start = performance.now();
    for (let round = 0; round < 4000; round++) {
      const bytes = damage(valid, header, random);
      const error = catchError(() => {
        for (const { begin, bytes: length } of readHeader(bytes).tensors.values()) expect(begin + length).toBeLessThanOrEqual(bytes.length);
      });
      if (error !== undefined) expect(error, `round ${round}`).toBeInstanceOf(GptEdgeError);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('should answer hundreds of damaged files, tokenizer included, with a GptEdgeError or a source', async () => {
    const valid = await llamaGguf(llama);
    const random = randomIntegers(18);
    for (let round = 0; round < 400; round++) {
      try {
        await (await openBytes(damage(valid, 4000, random))).weights.close();
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(GptEdgeError);
      }
    }
  });
});
