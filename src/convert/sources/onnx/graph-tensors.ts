import type { AttributeProto, GraphProto, TensorProto } from '../../../core/onnx/onnx-ml_pb.js';

/**
 * Yields all tensors that a graph stores: its initializers, constants among the nodes' attributes, and those of graphs
 * within nodes.
 */
export function* graphTensors(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const sparse of graph.sparseInitializer) for (const part of [sparse.values, sparse.indices]) if (part) yield part;
  for (const node of graph.node) for (const attribute of node.attribute) yield* attributeTensors(attribute);
}

function* attributeTensors({ t, tensors, g, graphs }: AttributeProto): Generator<TensorProto> {
  if (t) yield t;
  yield* tensors;
  for (const graph of g ? [g, ...graphs] : graphs) yield* graphTensors(graph);
}
