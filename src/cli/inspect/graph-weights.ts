import { basename } from 'node:path';
import { packedWeights } from '../../convert/graph/packed-weights.ts';
import { readGraph } from '../../convert/graph/read-graph.ts';
import { externalRange } from '../../core/onnx/external-range.ts';
import { type TensorProto, TensorProto_DataType } from '../../core/onnx/onnx-ml_pb.js';
import type { StoredTensor } from './tensor-group.ts';

/** ONNX's names of the types that weights are stored in. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [TensorProto_DataType.FLOAT]: 'float32',
  [TensorProto_DataType.FLOAT16]: 'float16',
  [TensorProto_DataType.BFLOAT16]: 'bfloat16',
  [TensorProto_DataType.UINT8]: 'uint8',
  [TensorProto_DataType.INT8]: 'int8',
  [TensorProto_DataType.INT64]: 'int64',
  [TensorProto_DataType.INT32]: 'int32',
};

/**
 * The weights that an ONNX graph reads from its external data. One that two operators read in different shapes is one.
 * @throws GptEdgeError `invalid_file` for a file that is too large or no ONNX model
 */
export async function graphWeights(path: string): Promise<StoredTensor[]> {
  const graph = await readGraph(path);
  const bits = packedWeights(graph);
  const byPlace = new Map<string, StoredTensor>();
  for (const tensor of graph.initializer) {
    const range = externalRange(tensor, basename(path));
    if (!range) continue;
    byPlace.set(`${range.location} ${range.offset}`, {
      name: tensor.name,
      type: typeName(tensor, bits),
      shape: tensor.dims.map(Number),
      bytes: range.length,
    });
  }
  return [...byPlace.values()];
}

const typeName = ({ name, dataType }: TensorProto, bits: ReadonlyMap<string, number>): string =>
  bits.has(name) ? `${bits.get(name)} bits` : (TYPE_NAMES[dataType] ?? `type ${dataType}`);
