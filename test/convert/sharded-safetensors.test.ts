import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { MAX_INDEX_BYTES, MAX_SHARDS, parseSafetensorsIndex } from '../../src/convert/sources/hugging-face/safetensors-index.ts';
import { openShardedSafetensors, SAFETENSORS_INDEX } from '../../src/convert/sources/hugging-face/sharded-safetensors.ts';
import { MAX_TENSORS } from '../../src/convert/tensors/tensor-limits.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import { buildSafetensors, splitSafetensors } from './build-safetensors.ts';

const TINY = join(import.meta.dirname, '../golden/tiny-llama');
const FIRST = 'model-00001-of-00002.safetensors';
const SECOND = 'model-00002-of-00002.safetensors';

let folder: string;
let source: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-sharded-'));
  source = join(folder, 'tiny');
  await cp(TINY, source, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function editIndex(edit: (map: Record<string, unknown>) => void) {
  const path = join(source, SAFETENSORS_INDEX);
  const index = JSON.parse(await readFile(path, 'utf8'));
  edit(index.weight_map);
  await writeFile(path, JSON.stringify(index));
}

async function expectRefusal(message: string | RegExp, param: string) {
  const conversion = convertModel({ source, target: join(folder, 'out') });
  await expect(conversion).rejects.toThrow(message);
  await expect(conversion).rejects.toMatchObject({ name: 'GptEdgeError', code: 'invalid_file', param });
  expect(await readdir(folder)).toEqual(['tiny']);
}

describe('openShardedSafetensors', () => {
  it('should present the tensors of all shards as one checkpoint', async () => {
    const weights = (await openShardedSafetensors(source))!;
    const { weight_map: map } = JSON.parse(await readFile(join(source, SAFETENSORS_INDEX), 'utf8'));
    expect([...weights.tensors.keys()].sort()).toEqual(Object.keys(map).sort());
    for (const [name, tensor] of weights.tensors) {
      const { values } = await weights.read(name);
      expect(values.length).toBe(tensor.shape.reduce((product, size) => product * size, 1));
    }
    await weights.close();
  });

  it('should return undefined for a folder without an index', async () => {
    await rm(join(source, SAFETENSORS_INDEX));
    expect(await openShardedSafetensors(source)).toBeUndefined();
    await expectRefusal('tiny: holds no weights: there is no model.safetensors', 'tiny');
  });

  it('should convert as the same weights in one file do', async () => {
    const sharded = await convertModel({ source, target: join(folder, 'sharded') });
    const whole = join(folder, 'whole');
    await mkdir(whole);
    for (const name of await readdir(source)) if (!/^model/.test(name)) await cp(join(source, name), join(whole, name));
    const parts = await Promise.all([FIRST, SECOND].map(async (name) => splitSafetensors(await readFile(join(source, name)))));
    const shift = parts[0].data.length;
    const moved = Object.entries(parts[1].header).map(([name, entry]) => [
      name,
      { ...entry, data_offsets: entry.data_offsets.map((offset) => offset + shift) },
    ]);
    const header = { ...parts[0].header, ...Object.fromEntries(moved) };
    await writeFile(join(whole, 'model.safetensors'), buildSafetensors(header, Buffer.concat(parts.map(({ data }) => data))));
    const { files } = await convertModel({ source: whole, target: join(folder, 'out'), id: sharded.id });
    expect(files).toEqual(sharded.files);
  });

  it('should name a shard that is missing, cut or not a safetensors file', async () => {
    const bytes = await readFile(join(source, SECOND));
    await rm(join(source, SECOND));
    await expectRefusal(/model-00002-of-00002\.safetensors: cannot be opened/, SECOND);
    await writeFile(join(source, SECOND), bytes.subarray(0, -2));
    await expectRefusal(`${SECOND}: tensor`, SECOND);
    await writeFile(join(source, SECOND), 'text, not tensors');
    await expectRefusal(`${SECOND}: header length`, SECOND);
  });

  it('should refuse an index that puts a tensor into another shard', async () => {
    await editIndex((map) => {
      map['model.norm.weight'] = map['model.norm.weight'] === FIRST ? SECOND : FIRST;
    });
    await expectRefusal(/tensor "model\.norm\.weight" belongs to .* according to model\.safetensors\.index\.json/, SECOND);
  });

  it('should refuse a tensor that the index leaves out, and one that no shard has', async () => {
    await editIndex((map) => delete map['model.norm.weight']);
    await expectRefusal(`tensor "model.norm.weight" is not in ${SAFETENSORS_INDEX}`, SECOND);
    await editIndex((map) => Object.assign(map, { 'model.norm.weight': SECOND, 'model.ghost.weight': FIRST }));
    await expectRefusal(`${FIRST}: has no tensor "model.ghost.weight", which ${SAFETENSORS_INDEX} says is there`, FIRST);
  });

  it('should refuse the same tensor in two shards', async () => {
    const { header, data } = splitSafetensors(await readFile(join(source, FIRST)));
    const twice = { dtype: 'BF16', shape: [48], data_offsets: [data.length, data.length + 96] };
    const longer = Buffer.concat([data, Buffer.alloc(96)]);
    await writeFile(join(source, FIRST), buildSafetensors({ ...header, 'model.norm.weight': twice }, longer));
    await expectRefusal(`${FIRST}: tensor "model.norm.weight" belongs to ${SECOND}`, FIRST);
  });

  it('should name the index when the checkpoint lacks a tensor of the architecture', async () => {
    const config = JSON.parse(await readFile(join(source, 'config.json'), 'utf8'));
    await writeFile(join(source, 'config.json'), JSON.stringify({ ...config, num_hidden_layers: 3 }));
    await expectRefusal(`${SAFETENSORS_INDEX}: has no tensor layers.2.`, SAFETENSORS_INDEX);
  });

  it('should refuse an index beyond its limit without reading it', async () => {
    await writeFile(join(source, SAFETENSORS_INDEX), new Uint8Array(MAX_INDEX_BYTES + 1));
    await expectRefusal(`has ${MAX_INDEX_BYTES + 1} bytes, over the limit of ${MAX_INDEX_BYTES}`, SAFETENSORS_INDEX);
  });
});

describe('parseSafetensorsIndex', () => {
  const many = (count: number, shard: (index: number) => unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, shard(index)]));

  it.each([
    { problem: 'no JSON', index: '{"weight_map"', message: 'is not JSON in UTF-8' },
    { problem: 'null', index: null, message: 'has no weight_map' },
    { problem: 'no map', index: {}, message: 'has no weight_map' },
    { problem: 'an array for a map', index: { weight_map: ['a'] }, message: 'has no weight_map' },
    {
      problem: 'a number for a file',
      index: { weight_map: { t: 1 } },
      message: 'weight_map: "t": 1 is not the name of a safetensors file',
    },
    { problem: 'a way out', index: { weight_map: { t: '../a.safetensors' } }, message: '"t": "../a.safetensors" is not the name of' },
    { problem: 'a folder', index: { weight_map: { t: 'a/b.safetensors' } }, message: '"a/b.safetensors" is not the name of' },
    {
      problem: 'a root',
      index: { weight_map: { t: '/etc/a.safetensors' } },
      message: 'is not the name of a safetensors file in this folder',
    },
    { problem: 'a backslash', index: { weight_map: { t: 'a\\b.safetensors' } }, message: 'is not the name of' },
    { problem: 'another format', index: { weight_map: { t: 'pytorch_model.bin' } }, message: '"pytorch_model.bin" is not the name of' },
    { problem: 'a line after the name', index: { weight_map: { t: 'a.safetensors\n' } }, message: 'is not the name of' },
    { problem: 'a tensor name too long', index: { weight_map: { ['x'.repeat(300)]: 'a.safetensors' } }, message: 'over the limit of 256' },
    {
      problem: 'too many tensors',
      index: { weight_map: many(MAX_TENSORS + 1, () => 'a') },
      message: `weight_map lists ${MAX_TENSORS + 1} tensors, over the limit of ${MAX_TENSORS}`,
    },
    {
      problem: 'too many shards',
      index: { weight_map: many(MAX_SHARDS + 1, (index) => `${index}.safetensors`) },
      message: `weight_map names ${MAX_SHARDS + 1} files, over the limit of ${MAX_SHARDS}`,
    },
  ])('should refuse $problem', ({ index, message }) => {
    const bytes = new TextEncoder().encode(typeof index === 'string' ? index : JSON.stringify(index));
    const parse = () => parseSafetensorsIndex(bytes, 'x.json');
    expect(parse).toThrow(GptEdgeError);
    expect(parse).toThrow(message);
  });

  it('should accept names that every JavaScript object has as properties', () => {
    const bytes = new TextEncoder().encode('{"weight_map":{"__proto__":"a.safetensors","constructor":"a.safetensors"}}');
    expect([...parseSafetensorsIndex(bytes, 'x').keys()]).toEqual(['__proto__', 'constructor']);
  });
});
