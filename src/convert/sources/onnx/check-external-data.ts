import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EXTERNAL_DATA_NAME, GRAPH_FILE } from '../../../core/folder/graph-files.ts';
import { invalidFile, showText } from '../../../core/invalid-file.ts';
import { MAX_WEIGHTS_BYTES } from '../../../core/limits.ts';
import { externalRange } from '../../../core/onnx/external-range.ts';
import type { AttributeProto, GraphProto, TensorProto } from '../../../core/onnx/onnx-ml_pb.js';

/** Limit for the number of data files. The largest published models have a few dozen. */
const MAX_DATA_FILES = 64;

/**
 * Checks that all external data that a graph refers to lies beside it.
 * @param folder the folder that holds the graph
 * @param file names the graph in messages
 * @returns the size in bytes of each file of external data, by the name that the graph uses
 * @throws GptEdgeError `invalid_file` for a location that is not a plain name of a file in the folder, or a range
 *   beyond the file's end
 */
export async function checkExternalData(graph: GraphProto, folder: string, file: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const tensor of graphTensors(graph)) {
    const range = externalRange(tensor, file);
    if (!range) continue;
    const { location, offset, length } = range;
    const fail = (problem: string) => invalidFile(file, `tensor ${showText(tensor.name)}: ${problem}`);
    if (!EXTERNAL_DATA_NAME.test(location) || location === GRAPH_FILE)
      throw fail(`external data in ${showText(location)}, which is not the name of a file in the graph's folder that begins with "model"`);
    const size = sizes.get(location) ?? (await sizeOf(join(folder, location), location));
    sizes.set(location, size);
    if (sizes.size > MAX_DATA_FILES) throw fail(`external data in more than ${MAX_DATA_FILES} files`);
    if (offset + length > size) throw fail(`its ${length} bytes at ${offset} of ${location} end beyond that file's ${size} bytes`);
  }
  return sizes;
}

async function sizeOf(path: string, name: string): Promise<number> {
  const stats = await stat(path).catch((cause: Error) => {
    throw invalidFile(name, `cannot be read, and the graph refers to it: ${cause.message}`, cause);
  });
  if (!stats.isFile()) throw invalidFile(name, 'is not a file');
  if (stats.size > MAX_WEIGHTS_BYTES) throw invalidFile(name, `has ${stats.size} bytes, over the limit of ${MAX_WEIGHTS_BYTES}`);
  return stats.size;
}

/**
 * Yields all tensors that a graph stores: its initializers, constants among the nodes' attributes, and those of graphs
 * within nodes.
 */
function* graphTensors(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const sparse of graph.sparseInitializer) for (const part of [sparse.values, sparse.indices]) if (part) yield part;
  for (const node of graph.node) for (const attribute of node.attribute) yield* attributeTensors(attribute);
}

function* attributeTensors({ t, tensors, g, graphs }: AttributeProto): Generator<TensorProto> {
  if (t) yield t;
  yield* tensors;
  for (const graph of g ? [g, ...graphs] : graphs) yield* graphTensors(graph);
}
