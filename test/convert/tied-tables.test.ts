import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { buildSafetensors, type HeaderEntry, splitSafetensors } from './build-safetensors.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const HEAD = 'lm_head.weight';
/** Checkpoints by family, and their token embeddings. tiny-llama-rope3 is not tied and has a head of its own. */
const CASES = [
  { name: 'tiny-gpt2', table: 'transformer.wte.weight' },
  { name: 'tiny-gpt-neo', table: 'transformer.wte.weight' },
  { name: 'tiny-llama-rope3', table: 'model.embed_tokens.weight' },
];

let folder: string;
let source: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-tied-'));
  source = join(folder, 'tiny');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Header = Record<string, HeaderEntry>;

/** Copies a checkpoint as a tied one. `edit` changes the tensors, each with bytes of its own. */
async function copyTied(name: string, edit: (tensors: Map<string, { entry: HeaderEntry; bytes: Uint8Array }>) => void, metadata = {}) {
  await cp(join(GOLDEN, name), source, { recursive: true });
  const configPath = join(source, 'config.json');
  const config = JSON.parse(await readFile(configPath, 'utf8'));
  await writeFile(configPath, JSON.stringify({ ...config, tie_word_embeddings: true }));
  const { header, data } = splitSafetensors(await readFile(join(source, 'model.safetensors')));
  const tensors = new Map(Object.entries(header).map(([key, entry]) => [key, { entry, bytes: data.subarray(...entry.data_offsets) }]));
  edit(tensors);
  const written: Header = {};
  let end = 0;
  for (const [key, { entry, bytes }] of tensors) {
    written[key] = { ...entry, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const bytes = Buffer.concat([...tensors.values()].map(({ bytes }) => bytes));
  await writeFile(join(source, 'model.safetensors'), buildSafetensors({ __metadata__: metadata, ...written }, bytes));
}

async function convert() {
  const target = join(folder, 'out');
  const manifest = await convertModel({ source, target, dtype: 'fp32' });
  return { parameters: manifest.parameters, graph: manifest.files['model.onnx'], weights: manifest.files['model.onnx_data'] };
}

describe.each(CASES)('$name, whose table and head are one', ({ name, table }) => {
  it('should be the same whether the table, the head or both were saved', async () => {
    await copyTied(name, (tensors) => tensors.delete(HEAD));
    const expected = await convert();
    await copyTied(
      name,
      (tensors) => {
        tensors.set(HEAD, tensors.get(table)!);
        tensors.delete(table);
      },
      { [table]: HEAD },
    );
    expect(await convert()).toEqual(expected);
    await copyTied(name, (tensors) => tensors.set(HEAD, tensors.get(table)!));
    expect(await convert()).toEqual(expected);
  });

  it('should keep a head of its own if one was saved that differs, as transformers does', async () => {
    await copyTied(name, (tensors) => tensors.delete(HEAD));
    const tied = await convert();
    await copyTied(name, (tensors) => {
      const { entry, bytes } = tensors.get(table)!;
      tensors.set(HEAD, { entry, bytes: Uint8Array.from(bytes, (byte, index) => (index === 0 ? byte ^ 1 : byte)) });
    });
    const [vocabulary, width] = splitSafetensors(await readFile(join(source, 'model.safetensors'))).header[table].shape;
    expect((await convert()).parameters).toBe(tied.parameters + vocabulary * width);
  });

  it('should be refused if neither was saved', async () => {
    await copyTied(name, (tensors) => {
      tensors.delete(HEAD);
      tensors.delete(table);
    });
    await expect(convert()).rejects.toThrow(/has no tensor (wte|embed_tokens)\.weight/);
  });
});
