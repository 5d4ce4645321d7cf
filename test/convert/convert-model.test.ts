import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { hashFile } from '../../src/convert/files/hash-file.ts';
import { parseManifest } from '../../src/core/folder/manifest.ts';
import { ModelProtoSchema } from '../../src/core/onnx/onnx-ml_pb.js';
import { buildSafetensors, type HeaderEntry, splitSafetensors } from './build-safetensors.ts';

const TINY = join(import.meta.dirname, '../golden/tiny-gpt2');
const FILES = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];

let folder: string;
let source: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-convert-'));
  source = join(folder, 'tiny');
  target = join(folder, 'out');
  await mkdir(source);
  for (const file of FILES) await cp(join(TINY, file), join(source, file));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function editConfig(changes: object, file = 'config.json') {
  const path = join(source, file);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...changes }));
}

/** Rewrites the checkpoint's header. `edit` returns the number of bytes to append to the data. */
async function editTensors(edit: (header: Record<string, HeaderEntry>, end: number) => number) {
  const path = join(source, 'model.safetensors');
  const { header, data } = splitSafetensors(await readFile(path));
  const extra = edit(header, data.length);
  const longer = new Uint8Array(data.length + extra);
  longer.set(data);
  await writeFile(path, buildSafetensors(header, longer));
}

function rename(header: Record<string, HeaderEntry>, name: string, newName: string) {
  header[newName] = header[name];
  delete header[name];
}

/** Checks that the folder holds only the source: no target, and nothing half-written. */
async function expectNothingWritten() {
  expect(await readdir(folder)).toEqual(['tiny']);
}

async function readFolder(path: string) {
  const files: Record<string, string> = {};
  for (const name of (await readdir(path)).sort()) files[name] = (await readFile(join(path, name))).toString('base64');
  return files;
}

describe('convertModel', () => {
  it('should leave nothing behind when it is interrupted', async () => {
    const interruption = new AbortController();
    const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }) => {
      if (bytes > totalBytes / 2) interruption.abort(new Error('interrupted'));
    };
    await expect(convertModel({ source, target, signal: interruption.signal, onProgress })).rejects.toThrow('interrupted');
    await expectNothingWritten();
  });

  it('should write a model folder whose manifest describes every file', async () => {
    const manifest = await convertModel({ source, target });
    expect(manifest).toMatchObject({
      id: 'tiny',
      architecture: 'gpt2',
      dtype: 'fp32',
      layers: 2,
      heads: 2,
      keyValueHeads: 2,
      headDimension: 16,
    });
    expect(manifest).toMatchObject({
      contextWindow: 96,
      vocabularySize: 128,
      hiddenSize: 32,
      eosTokenIds: [127],
      bosTokenId: 127,
      license: null,
    });
    expect(manifest).toMatchObject({ parameters: 28480, kvBytesPerToken: 512, multiplyAddsPerToken: 24576 });
    expect(manifest.source).toBe('tiny (Hugging Face layout, safetensors in F32)');
    expect(parseManifest(await readFile(join(target, 'manifest.json'), 'utf8'))).toEqual(manifest);
    const names = (await readdir(target)).filter((name) => name !== 'manifest.json');
    expect(Object.keys(manifest.files)).toEqual(names.sort());
    for (const name of names) expect(await hashFile(join(target, name))).toEqual(manifest.files[name]);
    expect(await readFile(join(target, 'config.json'))).toEqual(await readFile(join(source, 'config.json')));
  });

  it('should give the same bytes every time, whatever the target', async () => {
    for (const dtype of ['fp32', 'fp16']) {
      await convertModel({ source, target: join(folder, `a-${dtype}`), dtype });
      await convertModel({ source, target: join(folder, `b-${dtype}`), dtype });
      expect(await readFolder(join(folder, `a-${dtype}`))).toEqual(await readFolder(join(folder, `b-${dtype}`)));
    }
  });

  it('should align every weight to 64 bytes and name every node', async () => {
    await convertModel({ source, target });
    const { graph } = fromBinary(ModelProtoSchema, await readFile(join(target, 'model.onnx')));
    const located = graph!.initializer.filter(({ externalData }) => externalData.length > 0);
    expect(located.length).toBe(28);
    for (const { externalData } of located) {
      const { location, offset } = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
      expect(location).toBe('model.onnx_data');
      expect(Number(offset) % 64).toBe(0);
    }
    const names = graph!.node.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('layers.1.attention.qkv');
  });

  it('should store vectors that float16 cannot hold in float32, and matrices in float16', async () => {
    const { files } = await convertModel({ source, target, dtype: 'fp16' });
    const { graph } = fromBinary(ModelProtoSchema, await readFile(join(target, 'model.onnx')));
    const types = Object.fromEntries(graph!.initializer.map(({ name, dataType }) => [name, dataType]));
    expect(types['layers.0.attention.qkv.weight']).toBe(10);
    expect(types['layers.0.attention.qkv.bias']).toBe(1);
    expect(files['model.onnx_data'].bytes).toBeLessThan(0.6 * 4 * 28480);
  });

  it('should make the folders above its target', async () => {
    const deep = join(target, 'of', 'mine');
    await convertModel({ source, target: deep });
    expect(await readdir(join(target, 'of'))).toEqual(['mine']);
    expect(await readdir(deep)).toContain('manifest.json');
  });

  it('should report progress up to the whole', async () => {
    const reports: { bytes: number; totalBytes: number }[] = [];
    await convertModel({ source, target, onProgress: (progress) => reports.push(progress) });
    expect(reports.length).toBe(28);
    expect(reports.at(-1)).toEqual({ bytes: 4 * 28480, totalBytes: 4 * 28480 });
  });

  it('should keep fewer positions when asked to', async () => {
    const { contextWindow, files } = await convertModel({ source, target, contextWindow: 32, id: 'short' });
    expect(contextWindow).toBe(32);
    expect(files['model.onnx_data'].bytes).toBe(4 * (28480 - 64 * 32));
  });

  it('should read the license from the model card', async () => {
    await writeFile(join(source, 'README.md'), '---\nlanguage: en\nlicense: mit\n---\n# Tiny\n');
    const manifest = await convertModel({ source, target });
    expect(manifest.license).toBe('mit');
    expect(manifest.files['README.md'].bytes).toBe(41);
  });

  it('should do without a generation_config.json', async () => {
    await rm(join(source, 'generation_config.json'));
    await editConfig({ eos_token_id: [3, 4], bos_token_id: null });
    expect(await convertModel({ source, target })).toMatchObject({ eosTokenIds: [3, 4], bosTokenId: null });
  });

  it('should accept tensors without the prefix, and mask buffers among them', async () => {
    const expected = await convertModel({ source, target: join(folder, 'expected') });
    await editTensors((header, end) => {
      for (const name of Object.keys(header)) rename(header, name, name.replace('transformer.', ''));
      header['h.0.attn.bias'] = { dtype: 'U8', shape: [1, 1, 4, 4], data_offsets: [end, end + 16] };
      header['h.0.attn.masked_bias'] = { dtype: 'F32', shape: [], data_offsets: [end + 16, end + 20] };
      return 20;
    });
    expect(await convertModel({ source, target })).toEqual(expected);
  });
});

describe('convertModel, refusing', () => {
  it.each([
    { change: { model_type: 'mamba' }, code: 'unsupported_model', message: 'model_type "mamba" is not supported; supported: gpt2' },
    { change: { model_type: undefined }, code: 'unsupported_model', message: 'model_type undefined is not supported; supported: gpt2' },
    {
      change: { activation_function: 'mish' },
      code: 'unsupported_model',
      message: 'activation_function "mish" is not supported for gpt2; supported: gelu, gelu_fast, gelu_new',
    },
    { change: { add_cross_attention: true }, code: 'unsupported_model', message: 'add_cross_attention true is not supported' },
    {
      change: { n_layer: 2 ** 30 },
      code: 'invalid_file',
      message: 'config.json: n_layer: 1073741824: Too big: expected number to be <=1024',
    },
    { change: { n_embd: '32' }, code: 'invalid_file', message: 'config.json: n_embd: "32":' },
    { change: { n_head: 3 }, code: 'invalid_file', message: 'config.json: n_embd: 32: is not a multiple of n_head' },
    { change: { n_layer: 3 }, code: 'invalid_file', message: 'has no tensor h.2.ln_1.weight, which config.json asks for' },
    { change: { n_layer: 1 }, code: 'invalid_file', message: /tensor transformer\.h\.1\..*: is not part of this architecture/ },
    { change: { n_inner: 64 }, code: 'invalid_file', message: 'c_fc.weight: shape [32,96] is not the [32,64] that config.json asks for' },
    { change: { tie_word_embeddings: false }, code: 'invalid_file', message: 'has no tensor lm_head.weight' },
    {
      change: { vocab_size: 100 },
      code: 'unsupported_model',
      message: "tokenizer.json: token id 126 is outside the model's vocabulary of 100 tokens",
    },
    { change: { eos_token_id: 'x' }, code: 'invalid_file', message: 'config.json: eos_token_id' },
  ])('should refuse a configuration with $change', async ({ change, code, message }) => {
    await editConfig(change);
    const conversion = convertModel({ source, target });
    await expect(conversion).rejects.toThrow(message);
    await expect(conversion).rejects.toMatchObject({ name: 'GptEdgeError', code });
    await expectNothingWritten();
  });

  it.each([
    { option: { dtype: 'q3' }, message: 'dtype "q3" is not one of fp32, fp16' },
    { option: { contextWindow: 97 }, message: "contextWindow 97 is over the model's n_positions of 96" },
    { option: { contextWindow: 0 }, message: 'contextWindow 0 is not a positive integer' },
    { option: { id: '../up' }, message: 'id "../up": a model id has' },
  ])('should refuse the option $option', async ({ option, message }) => {
    const conversion = convertModel({ source, target, ...option });
    await expect(conversion).rejects.toThrow(message);
    await expect(conversion).rejects.toMatchObject({ code: 'invalid_value', param: Object.keys(option)[0] });
    await expectNothingWritten();
  });

  it.each(['config.json', 'tokenizer.json', 'tokenizer_config.json'])('should name a missing %s', async (file) => {
    await rm(join(source, file));
    await expect(convertModel({ source, target })).rejects.toMatchObject({
      code: 'invalid_file',
      param: file,
      message: expect.stringContaining(file),
    });
    await expectNothingWritten();
  });

  it.each(['config.json', 'tokenizer.json'])('should refuse a %s that is not a JSON object', async (file) => {
    for (const text of ['{', '[]', 'null']) {
      await writeFile(join(source, file), text);
      await expect(convertModel({ source, target })).rejects.toMatchObject({ code: 'invalid_file', param: file });
    }
    await expectNothingWritten();
  });

  it('should refuse a tensor that no part of the graph needs', async () => {
    await editTensors((header, end) => {
      header['transformer.h.0.adapter.weight'] = { dtype: 'F32', shape: [1], data_offsets: [end, end + 4] };
      return 4;
    });
    await expect(convertModel({ source, target })).rejects.toThrow(
      'tensor transformer.h.0.adapter.weight: is not part of this architecture',
    );
    await expectNothingWritten();
  });

  it('should leave nothing behind when it fails halfway', async () => {
    const failure = new Error('stop');
    const conversion = convertModel({
      source,
      target,
      onProgress: ({ bytes, totalBytes }) => {
        if (bytes > totalBytes / 2) throw failure;
      },
    });
    await expect(conversion).rejects.toBe(failure);
    await expectNothingWritten();
  });

  it('should refuse weights beyond float16, naming the tensor', async () => {
    const path = join(source, 'model.safetensors');
    const { header, data } = splitSafetensors(await readFile(path));
    const [begin] = header['transformer.h.1.mlp.c_fc.weight'].data_offsets;
    new DataView(data.buffer, data.byteOffset).setFloat32(begin + 4, 1e5, true);
    await writeFile(path, buildSafetensors(header, data));
    await expect(convertModel({ source, target, dtype: 'fp16' })).rejects.toThrow(
      "layers.1.feed_forward.up.weight: value 1 is 100000, beyond float16's limit of 65504; convert to fp32 instead",
    );
    await expectNothingWritten();
    await convertModel({ source, target, dtype: 'fp32' });
  });

  it('should refuse a target that is not a model folder, and leave it alone', async () => {
    await mkdir(target);
    await writeFile(join(target, 'diary.txt'), 'dear');
    await expect(convertModel({ source, target })).rejects.toMatchObject({ code: 'invalid_value', param: 'target' });
    expect(await readdir(target)).toEqual(['diary.txt']);
  });

  it('should refuse to replace a model folder that holds the source', async () => {
    await writeFile(join(folder, 'manifest.json'), '{}');
    await expect(convertModel({ source, target: folder })).rejects.toThrow('holds the source; nothing was written');
    expect((await readdir(folder)).sort()).toEqual(['manifest.json', 'tiny']);
  });

  it('should replace a model folder, and keep the old one when that fails', async () => {
    await convertModel({ source, target, dtype: 'fp16' });
    await writeFile(join(target, 'stale.txt'), 'old');
    const before = await readFolder(target);
    await expect(convertModel({ source, target, dtype: 'q3' })).rejects.toThrow('q3');
    expect(await readFolder(target)).toEqual(before);
    const { files } = await convertModel({ source, target });
    expect((await readdir(target)).sort()).toEqual([...Object.keys(files), 'manifest.json'].sort());
    expect((await readdir(folder)).sort()).toEqual(['out', 'tiny']);
  });
});
