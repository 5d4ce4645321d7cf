import { GptEdgeError } from '../../../core/errors.ts';
import { GRAPH_FILE } from '../../../core/folder/graph-files.ts';
import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { showText } from '../../../core/invalid-file.ts';
import { fedInputs } from '../../../core/onnx/decoder-io.ts';
import { type AttributeProto, type GraphProto, AttributeProto_AttributeType as Kind } from '../../../core/onnx/onnx-ml_pb.js';
import { parseGraph } from '../../../core/onnx/parse-graph.ts';
import { type StoredTensor, storedTensor } from './stored-tensor.ts';
import { unsupported } from './unsupported.ts';

export type Attribute = number | string | readonly number[] | StoredTensor;

/** One node of a graph: an operator with its inputs, outputs and attributes. */
export interface GraphNode {
  readonly name: string;
  /** The operator by name, with its domain unless that is ONNX's own: `MatMul`, `com.microsoft.MatMulNBits`. */
  readonly operator: string;
  /** Names of values; the empty name stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** An ONNX graph as the engine reads it. All counts and sizes have been checked against their limits. */
export interface ModelGraph {
  /** The inputs that a caller feeds. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** A decoder of 1,024 layers (MAX_LAYERS) has some 20 nodes and 20 tensors in each. */
const MAX_NODES = 2 ** 15;
const MAX_TENSORS = 2 ** 15;
/** GroupQueryAttention takes 14 inputs, the most of all operators here. */
const MAX_NODE_VALUES = 32;

/**
 * Reads a model folder's graph, and none of its weights.
 * @throws GptEdgeError `unsupported_model` for a graph that this engine cannot read, `model_unavailable` for a missing
 *   or damaged file
 */
export async function readModelGraph(files: ModelFiles): Promise<ModelGraph> {
  const fail = (problem: string, cause?: unknown) =>
    new GptEdgeError('unsupported_model', `${files.manifest.id}: ${GRAPH_FILE} ${problem}`, { param: 'model', cause });
  return modelGraph(parseGraph(await files.read(GRAPH_FILE), fail));
}

/**
 * Checks a parsed graph and takes from it what the engine needs.
 * @throws GptEdgeError `unsupported_model` or `invalid_file`, naming the node or tensor at fault
 */
export function modelGraph(graph: GraphProto): ModelGraph {
  if (graph.node.length > MAX_NODES) throw unsupported(`it has ${graph.node.length} nodes, more than ${MAX_NODES}.`);
  if (graph.initializer.length > MAX_TENSORS) throw unsupported(`it has ${graph.initializer.length} tensors, more than ${MAX_TENSORS}.`);
  if (graph.sparseInitializer.length > 0) throw unsupported('it has sparse tensors.');
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, storedTensor(tensor)]));
  return {
    inputs: fedInputs(graph).map(({ name }) => name),
    outputs: graph.output.map(({ name }) => name),
    nodes: graph.node.map((node) => {
      const { name, domain, opType, input, output, attribute } = node;
      if (input.length > MAX_NODE_VALUES || output.length > MAX_NODE_VALUES)
        throw unsupported(`node ${showText(name)} has more than ${MAX_NODE_VALUES} inputs or outputs.`);
      const operator = domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
      return { name: name || output[0], operator, inputs: input, outputs: output, attributes: attributesOf(attribute, name) };
    }),
    tensors,
  };
}

function attributesOf(attributes: readonly AttributeProto[], node: string): Map<string, Attribute> {
  return new Map(
    attributes.map(({ name, type, f, i, s, t, ints }): [string, Attribute] => {
      if (type === Kind.FLOAT) return [name, f];
      if (type === Kind.INT) return [name, Number(i)];
      if (type === Kind.STRING) return [name, new TextDecoder().decode(s)];
      if (type === Kind.INTS) return [name, ints.map(Number)];
      if (type === Kind.TENSOR && t) return [name, storedTensor(t)];
      throw unsupported(`attribute ${showText(name)} of node ${showText(node)} is of a kind that no operator here has.`);
    }),
  );
}
