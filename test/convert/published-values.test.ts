import { cp, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../../src/core/onnx/onnx-ml_pb.js';

const GENAI = join(import.meta.dirname, '../golden/tiny-llama-genai');

let folder: string;
let source: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-values-'));
  source = join(folder, 'tiny');
  await cp(GENAI, source, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const convert = () => convertModel({ source, target: join(folder, 'out') });

async function editGraph(edit: (graph: GraphProto) => void) {
  const path = join(source, 'model.onnx');
  const model = fromBinary(ModelProtoSchema, await readFile(path));
  edit(model.graph!);
  await writeFile(path, toBinary(ModelProtoSchema, model));
}

/** Sets one float32 of a tensor in the external data. */
async function setExternal(name: string, index: number, value: number) {
  const { graph } = fromBinary(ModelProtoSchema, await readFile(join(source, 'model.onnx')));
  const tensor = graph!.initializer.find((candidate) => candidate.name === name)!;
  const { offset } = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, Number(value)]));
  const file = await open(join(source, 'model.onnx.data'), 'r+');
  await file.write(new Uint8Array(Float32Array.of(value).buffer), 0, 4, offset + 4 * index);
  await file.close();
}

/** Adds a constant that nothing reads, or that a Where reads. */
const addConstant = (graph: GraphProto, values: object, reader?: string) => {
  graph.initializer.push(create(TensorProtoSchema, { name: 'extra', ...values }));
  if (reader) graph.node.push(create(NodeProtoSchema, { opType: reader, name: 'reads', input: ['extra'], output: ['unused'] }));
};

const addNode = (graph: GraphProto, opType: string, attribute: object) =>
  graph.node.push(
    create(NodeProtoSchema, { opType, name: 'added', output: ['unused'], attribute: [create(AttributeProtoSchema, attribute)] }),
  );

const { FLOAT, FLOAT16, BFLOAT16, DOUBLE } = TensorProto_DataType;
const SCALES = 'model.layers.0.attn.qkv_proj.MatMul.weight_scales';
const NORM = 'model.layers.0.input_layernorm.weight';

describe('the numbers of a published graph', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'should be refused in external data if one is %s',
    async (value) => {
      await setExternal(NORM, 5, value);
      await expect(convert()).rejects.toThrow(`model.onnx: tensor "${NORM}": value 5 is ${value}`);
      expect(await readdir(folder)).toEqual(['tiny']);
    },
  );

  it('should be refused if a scale is not finite, or makes weights that are not', async () => {
    await setExternal(SCALES, 3, Number.NaN);
    await expect(convert()).rejects.toThrow(`tensor "${SCALES}": value 3 is NaN`);
    await setExternal(SCALES, 3, 3e38);
    await expect(convert()).rejects.toThrow(/value 3 is 3\.0*\d*e\+38, and codes times this scale are beyond float32/);
    await setExternal(SCALES, 3, 1e30);
    await convert();
  });

  it.each([
    ['float32', { dataType: FLOAT, dims: [2n], floatData: [0, Number.NaN] }, 'value 1 is NaN'],
    [
      'raw float32',
      { dataType: FLOAT, dims: [1n], rawData: new Uint8Array(Float32Array.of(Number.POSITIVE_INFINITY).buffer) },
      'value 0 is Infinity',
    ],
    ['float16', { dataType: FLOAT16, dims: [3n], int32Data: [0, 0x3c00, 0x7c00] }, 'value 2 is Infinity'],
    ['bfloat16', { dataType: BFLOAT16, dims: [2n], rawData: Uint8Array.of(0, 0, 0xc0, 0x7f) }, 'value 1 is NaN'],
    ['float64', { dataType: DOUBLE, dims: [2n], doubleData: [1, 1e300] }, 'value 1 is 1e+300, beyond float32'],
  ])('should be refused within the graph: %s', async (_, values, message) => {
    await editGraph((graph) => addConstant(graph, values));
    await expect(convert()).rejects.toThrow(`tensor "extra": ${message}`);
  });

  it('should be refused if a zero point times its scale is beyond float32', async () => {
    const zeroPoints = { dataType: FLOAT, dims: [2n], floatData: [8, 1e38] };
    await editGraph((graph) => {
      addConstant(graph, zeroPoints);
      graph.initializer.push(create(TensorProtoSchema, { name: 'factors', dataType: FLOAT, dims: [2n], floatData: [1, 100] }));
      graph.node.push(
        create(NodeProtoSchema, { opType: 'MatMulNBits', name: 'reads', input: ['', '', 'factors', 'extra'], output: ['unused'] }),
      );
    });
    await expect(convert()).rejects.toThrow('tensor "extra": value 1 is ');
  });

  it('should be refused among the attributes of a node', async () => {
    await editGraph((graph) => addNode(graph, 'Elu', { name: 'alpha', type: AttributeProto_AttributeType.FLOAT, f: Number.NaN }));
    await expect(convert()).rejects.toThrow('model.onnx: node "added": attribute "alpha" is NaN');
  });

  it('should be minus infinity where a mask is filled with it, and nowhere else', async () => {
    const minus = { dataType: FLOAT, dims: [1n], floatData: [Number.NEGATIVE_INFINITY] };
    await editGraph((graph) => addConstant(graph, minus, 'Where'));
    await convert();
    await editGraph((graph) =>
      addNode(graph, 'Constant', { name: 'value_float', type: AttributeProto_AttributeType.FLOAT, f: Number.NEGATIVE_INFINITY }),
    );
    await convert();
    await editGraph((graph) => {
      graph.node.find(({ name }) => name === 'reads')!.opType = 'Mul';
    });
    await expect(convert()).rejects.toThrow('tensor "extra": value 0 is -Infinity');
  });
});
