import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chooseFiles } from '../../../src/local/hub/choose-files.ts';
import type { HubFile } from '../../../src/local/hub/hub-cache.ts';
import { formatHubName, looksLikeHubName, parseHubName } from '../../../src/local/hub/hub-name.ts';

const REPO = 'someone/model';
const LIMIT = { limitBytes: 128e6 };

/** Files by path, with their sizes in megabytes. */
const files = (sizes: Record<string, number>): HubFile[] =>
  Object.entries(sizes).map(([path, megabytes]) => ({
    path,
    bytes: megabytes * 1e6,
    digest: { algorithm: 'sha256', hex: createHash('sha256').update(path).digest('hex') },
  }));
const chosen = (sizes: Record<string, number>, file?: string) => chooseFiles(files(sizes), REPO, { ...LIMIT, file });
const paths = (sizes: Record<string, number>, file?: string) => chosen(sizes, file).files.map(({ path }) => path);

const SMALL = { 'config.json': 0.001, 'tokenizer.json': 1, 'tokenizer_config.json': 0.001 };
const GGUFS = {
  'm.Q2_K.gguf': 60,
  'm.Q4_0.gguf': 77,
  'm.Q4_K_M.gguf': 90,
  'm.Q4_1.gguf': 98,
  'm-Q5_0.gguf': 105,
  'm.Q8_0.gguf': 145,
  'm-f16.gguf': 270,
};

describe('chooseFiles', () => {
  it('should take safetensors before anything else, with the files that belong to them', () => {
    const others = { ...GGUFS, 'onnx/model.onnx': 50, 'pytorch_model.bin': 270, 'flax_model.msgpack': 270, 'x/config.json': 1 };
    const choice = chosen({ ...SMALL, ...others, 'model.safetensors': 270, 'additional_chat_templates/tool_use.jinja': 0.001 });
    expect(choice.kind).toBe('safetensors');
    expect(choice.files.map(({ path }) => path)).toEqual([
      ...Object.keys(SMALL),
      'additional_chat_templates/tool_use.jinja',
      'model.safetensors',
    ]);
    expect(choice.source).toBeUndefined();
    expect(choice.leastParameters).toBe(270e6 / 4);
  });

  it('should take all shards with their index, unless the weights lie in one file as well', () => {
    const shards = { 'model.safetensors.index.json': 0.01, 'model-00001-of-00002.safetensors': 90, 'model-00002-of-00002.safetensors': 80 };
    expect(paths({ ...SMALL, ...shards })).toEqual([...Object.keys(SMALL), ...Object.keys(shards)]);
    expect(paths({ ...SMALL, ...shards, 'model.safetensors': 170 })).toEqual([...Object.keys(SMALL), 'model.safetensors']);
  });

  it('should take the largest GGUF file that fits and whose weights are carried over exactly', () => {
    expect(paths(GGUFS)).toEqual(['m.Q4_1.gguf']);
    expect(chosen(GGUFS).reason).toBe(
      'm.Q4_1.gguf is taken: there are no safetensors, and its weights are carried over exactly; it is the largest of those that fit into a Worker.',
    );
    expect(chosen(GGUFS).leastParameters).toBeCloseTo(98e6 / (5 / 8));
    // Five bits are held in eight.
    expect(paths({ 'm.Q5_0.gguf': 60, 'm.Q4_0.gguf': 50 })).toEqual(['m.Q5_0.gguf']);
    expect(paths({ 'm.Q8_0.gguf': 500, 'm.F16.gguf': 900 })).toEqual(['m.Q8_0.gguf']);
    expect(paths({ 'folder/m.gguf': 50 })).toEqual(['folder/m.gguf']);
  });

  it('should take a GGUF file of any kind that was asked for', () => {
    expect(paths({ ...SMALL, ...GGUFS, 'model.safetensors': 270 }, 'm.Q4_K_M.gguf')).toEqual(['m.Q4_K_M.gguf']);
    expect(() => chosen(GGUFS, 'x.gguf')).toThrow(/^someone\/model has no file x\.gguf\. It has m\.Q2_K\.gguf, m\.Q4_0\.gguf/);
  });

  it('should take the largest ONNX graph that fits, with its data, before GGUF files that would be quantized again', () => {
    const graphs = {
      'onnx/model.onnx': 1,
      'onnx/model.onnx_data': 540,
      'onnx/model_q4.onnx': 1,
      'onnx/model_q4.onnx_data': 90,
      'onnx/model_q4f16.onnx': 80,
      'onnx/model_quantized.onnx': 140,
    };
    const choice = chosen({ ...SMALL, ...graphs, 'm.Q4_K_M.gguf': 90 });
    expect(choice.files.map(({ path }) => path)).toEqual([...Object.keys(SMALL), 'onnx/model_q4.onnx', 'onnx/model_q4.onnx_data']);
    expect(choice).toMatchObject({ kind: 'onnx', dtype: 'q4' });
    expect(chosen({ ...SMALL, 'model.onnx': 1, 'model.onnx.data': 60 })).toMatchObject({ kind: 'onnx', dtype: undefined });
  });

  const refusals: [string, Record<string, number>, RegExp][] = [
    [
      'an adapter',
      { 'adapter_config.json': 0.1, 'adapter_model.safetensors': 5 },
      /is an adapter \(LoRA\), and no model: convert the model that it was made for/,
    ],
    [
      'pickled weights',
      { ...SMALL, 'pytorch_model.bin': 500 },
      /has pickled weights \(PyTorch\), which are programs, .* save them as safetensors/,
    ],
    [
      'GGUF files of other kinds alone',
      { 'm.Q4_K_M.gguf': 90, 'm.Q6_K.gguf': 120 },
      /name one to do so, such as someone\/model:m\.Q4_K_M\.gguf\.$/,
    ],
    ['a single one of another kind', { 'm.Q4_K_M.gguf': 90 }, /name one to do so/],
    ['nothing of use', { 'README.md': 1 }, /has neither safetensors with a config\.json, nor a GGUF file, nor an ONNX graph\.$/],
  ];
  it.each(refusals)('should say what to do about %s', (_, sizes, message) => {
    expect(() => chosen(sizes)).toThrow(message);
  });
});

describe('the name of a model on the hub', () => {
  it.each([
    ['a/b', { repo: 'a/b', revision: 'main' }],
    ['a/b@v1.0', { repo: 'a/b', revision: 'v1.0' }],
    ['a/b@refs/pr/1:x/y Q4_0.gguf', { repo: 'a/b', revision: 'refs/pr/1', file: 'x/y Q4_0.gguf' }],
    ['Org.x/b_c-d:m.GGUF', { repo: 'Org.x/b_c-d', revision: 'main', file: 'm.GGUF' }],
  ])('should be read: %s', (text, name) => {
    expect(looksLikeHubName(text)).toBe(true);
    expect(parseHubName(text)).toEqual(name);
    expect(formatHubName(parseHubName(text))).toBe(text);
  });

  it.each([
    'a',
    'a/b/c',
    './a/b',
    '../b',
    '/a/b',
    'a/b@../x',
    'a/b:../m.gguf',
    'a/b:/m.gguf',
    'a/b:m.bin',
    'a/b:',
    'a b/c',
    `${'x'.repeat(97)}/a`,
  ])('should be refused: %s', (text) => {
    expect(() => parseHubName(text)).toThrow(/is not the name of a model on the hub|names a file that is not a GGUF file/);
  });
});
