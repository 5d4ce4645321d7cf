import { basename } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import { MAX_GRAPH_BYTES } from '../../core/limits.ts';
import type { GraphProto } from '../../core/onnx/onnx-ml_pb.js';
import { parseGraph } from '../../core/onnx/parse-graph.ts';
import { readWhole } from './read-bounded.ts';

/**
 * Reads the graph of an ONNX file.
 * @throws GptEdgeError `invalid_file` for a file that is missing, not a regular file, too large, or not an ONNX model
 */
export async function readGraph(path: string): Promise<GraphProto> {
  const fail = (problem: string, cause?: unknown) =>
    new GptEdgeError('invalid_file', `${path} ${problem}`, { param: basename(path), cause });
  return parseGraph(await readWhole(path, MAX_GRAPH_BYTES, fail), fail);
}
