import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { llama } from '../../src/convert/architectures/llama.ts';
import { convertModel } from '../../src/convert/convert-model.ts';
import { hashFile } from '../../src/convert/files/hash-file.ts';
import { openPublishedGraph } from '../../src/convert/sources/onnx/open-published-graph.ts';
import {
  AttributeProtoSchema,
  type GraphProto,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../src/core/onnx/onnx-ml_pb.js';
import { openDecoder } from '../../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { planOrtMemory } from '../../src/runtime/ort/plan-ort-memory.ts';
import { damage, randomIntegers } from './fuzz-bytes.ts';

const GENAI = join(import.meta.dirname, '../golden/tiny-llama-genai');
const ENGINES = ['ort', 'edge'] as const;
/**
 * onnxruntime-web in float32 stays within 1.1e-5 of the reference; the edge engine has 8-bit activations. The logits'
 * deviation is 3.3.
 */
const TOLERANCES = { ort: 5e-5, edge: 0.5 };

let folder: string;
let source: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-published-'));
  source = join(folder, 'tiny');
  target = join(folder, 'out');
  await cp(GENAI, source, { recursive: true });
  await rm(join(source, 'reference.json'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Rewrites the source's graph. */
async function editGraph(edit: (graph: GraphProto) => void) {
  const path = join(source, 'model.onnx');
  const model = fromBinary(ModelProtoSchema, await readFile(path));
  edit(model.graph!);
  await writeFile(path, toBinary(ModelProtoSchema, model));
}

async function editConfig(changes: object) {
  const path = join(source, 'config.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...changes }));
}

function tensorType(values: readonly ValueInfoProto[], name: string) {
  const type = values.find((value) => value.name === name)!.type!.value;
  if (type.case !== 'tensorType') throw new Error(`${name} is no tensor`);
  return type.value;
}

/** Changes the external data's entry of the tensor that lies last. */
const setLocation = (graph: GraphProto, key: string, value: string) => {
  graph.initializer.at(-1)!.externalData.find((entry) => entry.key === key)!.value = value;
};

/** Moves the last tensor into a file of its own. */
async function moveLastTensor() {
  const data = await readFile(join(source, 'model.onnx.data'));
  await writeFile(join(source, 'model.onnx_data_1'), data.subarray(-128));
  await editGraph((graph) => {
    setLocation(graph, 'location', 'model.onnx_data_1');
    setLocation(graph, 'offset', '0');
  });
}

/** Moves all tensors into the graph. */
async function embedWeights() {
  const data = await readFile(join(source, 'model.onnx.data'));
  await editGraph((graph) => {
    for (const tensor of graph.initializer) {
      const { offset, length } = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, Number(value)]));
      tensor.rawData = data.subarray(offset, offset + length);
      tensor.externalData = [];
      tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    }
  });
  await rm(join(source, 'model.onnx.data'));
}

/** Lays the graphs out as transformers.js does: by their dtype, under onnx/. */
async function moveToOnnx(...names: string[]) {
  await mkdir(join(source, 'onnx'));
  for (const name of names) await cp(join(source, 'model.onnx'), join(source, 'onnx', name));
  await rm(join(source, 'model.onnx'));
  await rename(join(source, 'model.onnx.data'), join(source, 'onnx', 'model.onnx.data'));
}

const argmax = (values: Float32Array) => values.indexOf(values.reduce((a, b) => Math.max(a, b)));

describe("a graph by ONNX Runtime's model builder", () => {
  it('should be copied byte for byte, with a manifest over all files', async () => {
    const manifest = await convertModel({ source, target });
    for (const name of await readdir(source)) expect(await hashFile(join(target, name))).toEqual(manifest.files[name]);
    for (const name of await readdir(source)) expect(await hashFile(join(source, name))).toEqual(manifest.files[name]);
    expect(manifest).toMatchObject({ id: 'tiny', architecture: 'llama', dtype: 'q4', layers: 2, heads: 4, keyValueHeads: 2 });
    expect(manifest).toMatchObject({ headDimension: 16, hiddenSize: 64, vocabularySize: 128, contextWindow: 96, kvBytesPerToken: 512 });
    expect(manifest).toMatchObject({ eosTokenIds: [127], bosTokenId: 127, license: null });
    expect(manifest.source).toBe('tiny (ONNX graph model.onnx, as it is)');
  });

  it('should have the counts of the checkpoint that it was built from', async () => {
    const manifest = await convertModel({ source, target });
    const plan = llama.plan(JSON.parse(await readFile(join(source, 'config.json'), 'utf8')));
    const parameters = [...plan.tensors.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(manifest).toMatchObject({ ...plan.shape, parameters, multiplyAddsPerToken: plan.multiplyAddsPerToken });
  });

  it('should count its external data in the memory plan', async () => {
    const manifest = await convertModel({ source, target });
    const weights = planOrtMemory(manifest).parts.find(({ name }) => name === 'weights');
    expect(weights?.bytes).toBe(2 * manifest.files['model.onnx.data'].bytes);
  });

  it.each(ENGINES)("should give transformers' logits and greedy tokens on %s", async (engine) => {
    await convertModel({ source, target });
    const { sequences } = JSON.parse(await readFile(join(GENAI, 'reference.json'), 'utf8'));
    const decoder = await openDecoder(await openModelFolder(target), { engine, cacheFormat: 'f32' });
    for (const { ids, last_logits, greedy_ids, greedy_margins } of sequences) {
      const sequence = decoder.createSequence();
      let logits = await sequence.forward(ids);
      expect(Math.max(...logits.map((value, index) => Math.abs(value - last_logits[index])))).toBeLessThan(TOLERANCES[engine]);
      for (const [index, expected] of greedy_ids.entries()) {
        if (greedy_margins[index] > 2 * TOLERANCES[engine]) expect(argmax(logits)).toBe(expected);
        if (index < greedy_ids.length - 1) logits = await sequence.forward([expected]);
      }
    }
    await decoder.dispose();
  });

  it.each(ENGINES)("should give transformers' logits and greedy tokens with a Qwen3 in float32 on %s", async (engine) => {
    const qwen = join(import.meta.dirname, '../golden/tiny-qwen3-genai');
    expect(await convertModel({ source: qwen, target })).toMatchObject({ dtype: 'fp32', architecture: 'qwen3' });
    const { sequences } = JSON.parse(await readFile(join(qwen, 'reference.json'), 'utf8'));
    const decoder = await openDecoder(await openModelFolder(target), { engine, cacheFormat: 'f32' });
    for (const { ids, last_logits, greedy_ids } of sequences) {
      const sequence = decoder.createSequence();
      let logits = await sequence.forward(ids);
      expect(Math.max(...logits.map((value, index) => Math.abs(value - last_logits[index])))).toBeLessThan(5e-5);
      for (const [index, expected] of greedy_ids.entries()) {
        expect(argmax(logits)).toBe(expected);
        if (index < greedy_ids.length - 1) logits = await sequence.forward([expected]);
      }
    }
    await decoder.dispose();
  });

  it.each([
    { where: 'in two files', files: ['model.onnx.data', 'model.onnx_data_1'], move: moveLastTensor },
    { where: 'in the graph itself', files: [], move: embedWeights },
  ])('should run with its weights $where', async ({ files, move }) => {
    await move();
    const manifest = await convertModel({ source, target });
    expect(Object.keys(manifest.files).filter((name) => /^model.+data/.test(name))).toEqual(files);
    expect(planOrtMemory(manifest).parts[1].bytes).toBeGreaterThan(2 * 84_000);
    const [{ ids, last_logits }] = JSON.parse(await readFile(join(GENAI, 'reference.json'), 'utf8')).sequences;
    for (const engine of ENGINES) {
      const decoder = await openDecoder(await openModelFolder(target), { engine, cacheFormat: 'f32' });
      const logits = await decoder.createSequence().forward(ids);
      expect(Math.max(...logits.map((value, index) => Math.abs(value - last_logits[index])))).toBeLessThan(TOLERANCES[engine]);
      await decoder.dispose();
    }
  });

  it("should be taken from transformers.js' layout, and called model.onnx from then on", async () => {
    const expected = await convertModel({ source, target: join(folder, 'expected') });
    await moveToOnnx('model_q4.onnx');
    const manifest = await convertModel({ source, target });
    expect(manifest).toEqual({ ...expected, source: 'tiny (ONNX graph onnx/model_q4.onnx, as it is)' });
    expect(await convertModel({ source, target, dtype: 'q4' })).toEqual(manifest);
  });

  it('should have to be chosen by its dtype if there are several', async () => {
    await moveToOnnx('model.onnx', 'model_q4.onnx', 'model_quantized.onnx', 'model_q4f16.onnx');
    await expect(convertModel({ source, target })).rejects.toThrow(
      'a dtype must choose one of the graphs that are there: onnx/model.onnx (fp32), onnx/model_q4.onnx (q4), ' +
        'onnx/model_q4f16.onnx (q4f16), onnx/model_quantized.onnx (q8)',
    );
    await expect(convertModel({ source, target, dtype: 'bnb4' })).rejects.toThrow('dtype "bnb4" does not choose one of the graphs');
    expect((await convertModel({ source, target, dtype: 'q8' })).source).toContain('onnx/model_quantized.onnx');
  });

  it('should be ignored if there are safetensors too', async () => {
    await writeFile(join(source, 'model.safetensors'), '');
    await expect(convertModel({ source, target })).rejects.toThrow('model.safetensors');
  });

  it.each([
    { options: { dtype: 'fp32' }, message: 'dtype fp32: model.onnx holds q4, and the weights of a published graph stay as they are' },
    { options: { embeddings: 'q8' }, message: 'embeddings q8: graph and weights of a published graph stay as they are' },
    { options: { contextWindow: 32 }, message: 'contextWindow 32: graph and weights of a published graph stay as they are' },
    { options: { tokenizer: 'x' }, message: 'tokenizer x: graph and weights of a published graph stay as they are' },
  ])('should not be changed by $options', async ({ options, message }) => {
    const conversion = convertModel({ source, target, ...options });
    await expect(conversion).rejects.toThrow(message);
    await expect(conversion).rejects.toMatchObject({ code: 'invalid_value', param: Object.keys(options)[0] });
    expect(await readdir(folder)).toEqual(['tiny']);
  });
});

describe('a published graph, refused', () => {
  const expectRefusal = async (code: string, message: string) => {
    const conversion = convertModel({ source, target });
    await expect(conversion).rejects.toThrow(message);
    await expect(conversion).rejects.toMatchObject({ name: 'GptEdgeError', code });
    expect(await readdir(folder)).toEqual(['tiny']);
  };

  it.each(['../tiny/model.onnx.data', '/etc/passwd', 'sub/model.onnx.data', 'model.onnx', 'config.json', ''])(
    'should be for external data in %j',
    async (location) => {
      await editGraph((graph) => setLocation(graph, 'location', location));
      await expectRefusal('invalid_file', `external data in ${JSON.stringify(location)}, which is not the name of a file`);
    },
  );

  it.each([
    { key: 'offset', value: '84737', message: 'its 128 bytes at 84737 of model.onnx.data end beyond that file' },
    { key: 'offset', value: '-1', message: 'offset "-1" of its external data is not a count' },
    { key: 'offset', value: '99999999999999999999', message: 'of its external data is not a count' },
    { key: 'length', value: '127', message: 'length 127 of its external data is not the 128 bytes that its type and shape take' },
    { key: 'location', value: 'model.onnx_data', message: 'model.onnx_data: cannot be read, and the graph refers to it' },
  ])('should be for an external $key of $value', async ({ key, value, message }) => {
    await editGraph((graph) => setLocation(graph, key, value));
    await expectRefusal('invalid_file', message);
  });

  it('should be for a weight inside a node whose data lie elsewhere', async () => {
    const t = create(TensorProtoSchema, { name: 'hidden', dataType: TensorProto_DataType.FLOAT });
    t.dataLocation = TensorProto_DataLocation.EXTERNAL;
    await editGraph((graph) => graph.node[0].attribute.push(create(AttributeProtoSchema, { name: 'value', t })));
    await expectRefusal('invalid_file', 'tensor "hidden": external data in ""');
  });

  it('should be for a data file that is cut off, or a file that is not a graph', async () => {
    await truncate(join(source, 'model.onnx.data'), 84863);
    await expectRefusal('invalid_file', "end beyond that file's 84863 bytes");
    await truncate(join(source, 'model.onnx'), 1000);
    await expectRefusal('invalid_file', 'model.onnx is not an ONNX model');
  });

  const FLOAT16 = TensorProto_DataType.FLOAT16;
  it.each<{ what: string; edit: (graph: GraphProto) => void; message: string }>([
    {
      what: 'an unknown input',
      edit: (graph) => graph.input.push(create(ValueInfoProtoSchema, { name: 'use_cache_branch' })),
      message: 'model.onnx: input "use_cache_branch" is not one that decoders in transformers.js\' form have',
    },
    {
      what: 'an unknown output',
      edit: (graph) => graph.output.push(create(ValueInfoProtoSchema, { name: 'hidden_states' })),
      message: 'output "hidden_states" is not one',
    },
    {
      what: 'no attention_mask',
      edit: (graph) => graph.input.splice(1, 1),
      message: 'has no input attention_mask',
    },
    {
      what: 'input_ids in int32',
      edit: (graph) => {
        tensorType(graph.input, 'input_ids').elemType = TensorProto_DataType.INT32;
      },
      message: 'input_ids is of type INT32; the engine takes only INT64 here',
    },
    {
      what: 'float16 caches',
      edit: (graph) => {
        for (const { name } of graph.input) if (name.startsWith('past_')) tensorType(graph.input, name).elemType = FLOAT16;
      },
      message: 'past_key_values.0.key is of type FLOAT16; the engine takes only FLOAT here',
    },
    {
      what: 'float16 logits',
      edit: (graph) => {
        tensorType(graph.output, 'logits').elemType = FLOAT16;
      },
      message: 'logits is of type FLOAT16; the engine takes only FLOAT here',
    },
    {
      what: 'logits of the last position alone',
      edit: (graph) => {
        tensorType(graph.output, 'logits').shape!.dim[1].value = { case: 'dimValue', value: 1n };
      },
      message: 'logits is made for 1 positions; a sequence has any number',
    },
    { what: 'no logits', edit: (graph) => graph.output.shift(), message: 'has no output logits' },
    { what: 'a present too few', edit: (graph) => graph.output.pop(), message: 'has no output present.1.value' },
    {
      what: 'caches of several sizes',
      edit: (graph) => {
        tensorType(graph.input, 'past_key_values.1.key').shape!.dim[1].value = { case: 'dimValue', value: 4n };
      },
      message: 'past_key_values have several sizes (heads,size): 2,; 4,',
    },
  ])('should be for $what', async ({ edit, message }) => {
    await editGraph(edit);
    await expectRefusal('unsupported_model', message);
  });

  it.each([
    { change: { num_hidden_layers: 3 }, message: 'config.json: num_hidden_layers 3 is not the 2 of the graph' },
    { change: { num_key_value_heads: 4 }, message: 'config.json: num_key_value_heads 4 is not the 2 of the graph' },
    { change: { vocab_size: 127 }, message: 'config.json: vocab_size 127 is not the 128 of the graph' },
    {
      change: { max_position_embeddings: 97 },
      message: 'model.onnx: "cos_cache" has 96 positions, and config.json\'s max_position_embeddings is 97',
    },
    { change: { max_position_embeddings: undefined }, message: 'config.json: has no max_position_embeddings' },
    { change: { hidden_size: '64' }, message: 'config.json: hidden_size: "64"' },
  ])('should be for a configuration with $change', async ({ change, message }) => {
    await editConfig(change);
    await expectRefusal('invalid_file', message);
  });
});

describe('a published graph, damaged', () => {
  it('should be described or refused, and nothing else', async () => {
    const valid = await readFile(join(source, 'model.onnx'));
    const random = randomIntegers(11);
    let refused = 0;
    for (let round = 0; round < 500; round++) {
      await writeFile(join(source, 'model.onnx'), damage(valid, valid.length, random));
      const error = await openPublishedGraph(source, 'model.onnx').then(
        () => undefined,
        (reason) => reason,
      );
      if (error === undefined) continue;
      refused++;
      expect(error).toMatchObject({ name: 'GptEdgeError' });
    }
    // Most bytes of a graph are names, which may be anything as long as they agree.
    expect(refused).toBeGreaterThan(250);
  });
});

describe('a published graph of an architecture that the converter does not know', () => {
  it('should be described by what the graph itself says', async () => {
    const expected = await convertModel({ source, target: join(folder, 'expected') });
    const open = JSON.parse(await readFile(join(source, 'config.json'), 'utf8'));
    await editConfig({ ...open, model_type: 'of-tomorrow', num_hidden_layers: undefined, vocab_size: undefined });
    const { files, ...manifest } = await convertModel({ source, target });
    expect(manifest).toEqual({ ...expected, files: undefined, architecture: 'of-tomorrow' });
    expect(files['model.onnx']).toEqual(expected.files['model.onnx']);
  });

  it('should have the head size of its caches, whatever config.json makes of it', async () => {
    await editGraph((graph) => {
      for (const { name } of graph.input)
        if (name.startsWith('past_')) tensorType(graph.input, name).shape!.dim[3].value = { case: 'dimValue', value: 32n };
    });
    expect(await convertModel({ source, target })).toMatchObject({ headDimension: 32, kvBytesPerToken: 1024 });
  });
});

describe('a model folder', () => {
  it('should be taken as a published graph', async () => {
    const { files, ...expected } = await convertModel({
      source: join(GENAI, '../tiny-llama'),
      target: join(folder, 'checkpoint'),
      id: 'a',
    });
    const { files: copied, ...manifest } = await convertModel({ source: join(folder, 'checkpoint'), target, id: 'a' });
    expect(copied).toEqual(files);
    expect(manifest).toMatchObject({
      ...expected,
      parameters: expect.any(Number),
      multiplyAddsPerToken: expect.any(Number),
      source: expect.stringMatching(/as it is/),
    });
  });
});
