import { basename } from 'node:path';
import { packedWeights } from '../../convert/graph/packed-weights.ts';
import { readGraph } from '../../convert/graph/read-graph.ts';
import { ELEMENT_TYPES } from '../../core/onnx/element-types.ts';
import { externalRange } from '../../core/onnx/external-range.ts';
import type { TensorProto } from '../../core/onnx/onnx-ml_pb.js';
import type { ListedTensor } from './print-tensors.ts';

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
  bits.has(name) ? `${bits.get(name)} bits` : (ELEMENT_TYPES[dataType]?.name ?? `type ${dataType}`);
