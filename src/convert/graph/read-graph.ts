import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import { MAX_GRAPH_BYTES } from '../../core/limits.ts';
import type { GraphProto } from '../../core/onnx/onnx-ml_pb.js';
import { parseGraph } from '../../core/onnx/parse-graph.ts';

/**
 * Reads the graph of an ONNX file.
 * @throws GptEdgeError `invalid_file` for a file that is missing, too large, or not an ONNX model
 */
export async function readGraph(path: string): Promise<GraphProto> {
  const fail = (problem: string, cause?: unknown) =>
    new GptEdgeError('invalid_file', `${path} ${problem}`, { param: basename(path), cause });
  const { size } = await stat(path).catch((cause: Error) => {
    throw fail(`cannot be read: ${cause.message}`, cause);
  });
  if (size > MAX_GRAPH_BYTES) throw fail(`has ${size} bytes, more than ${MAX_GRAPH_BYTES}; weights belong in external data.`);
  return parseGraph(await readFile(path), fail);
}
