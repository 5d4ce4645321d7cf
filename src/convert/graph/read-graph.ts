import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { GptEdgeError } from '../../model/errors.ts';
import { MAX_GRAPH_BYTES } from '../../model/limits.ts';
import { type GraphProto, ModelProtoSchema } from '../../model/onnx/onnx-ml_pb.js';

/**
 * Reads the graph of an ONNX file.
 * @throws GptEdgeError `invalid_file` for a file that is missing, too large, or no ONNX model
 */
export async function readGraph(path: string): Promise<GraphProto> {
  const fail = (problem: string, cause?: unknown) =>
    new GptEdgeError('invalid_file', `${path} ${problem}`, { param: basename(path), cause });
  const { size } = await stat(path).catch((cause: Error) => {
    throw fail(`cannot be read: ${cause.message}`, cause);
  });
  if (size > MAX_GRAPH_BYTES) throw fail(`has ${size} bytes, more than ${MAX_GRAPH_BYTES}; weights belong into external data.`);
  const { graph } = parse(await readFile(path), fail);
  if (!graph) throw fail('is no ONNX model: it has no graph.');
  return graph;
}

function parse(bytes: Uint8Array, fail: (problem: string, cause: unknown) => GptEdgeError) {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw fail(`is no ONNX model: ${(cause as Error).message}`, cause);
  }
}
