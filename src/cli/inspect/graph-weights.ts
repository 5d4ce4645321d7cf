import { basename } from 'node:path';
import { packedWeights } from '../../convert/graph/packed-weights.ts';
import { readGraph } from '../../convert/graph/read-graph.ts';
import { externalRange } from '../../core/onnx/external-range.ts';
import { type TensorProto, TensorProto_DataType } from '../../core/onnx/onnx-ml_pb.js';
import type { ListedTensor } from './print-tensors.ts';

/** Names of the ONNX element types that weights are stored in. */
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
 * Lists the weights that an ONNX graph reads from its external data. A weight that two operators read in different
 * shapes is listed once.
 * @throws GptEdgeError `invalid_file` if the file is too large or not an ONNX model
 */
export async function graphWeights(path: string): Promise<ListedTensor[]> {
  const graph = await readGraph(path);
  const bits = packedWeights(graph);
  const byPlace = new Map<string, ListedTensor>();
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
