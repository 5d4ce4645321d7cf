import { fromBinary } from '@bufbuild/protobuf';
import type { GptEdgeError } from '../errors.ts';
import { MAX_GRAPH_BYTES } from '../limits.ts';
import { type GraphProto, ModelProtoSchema } from './onnx-ml_pb.js';

/**
 * Parses the bytes of an ONNX file, and returns its graph.
 * @param fail makes the error for a problem, which is a phrase that follows the file's name
 * @throws the error that `fail` makes, for a file that is too large or is not an ONNX model
 */
export function parseGraph(bytes: Uint8Array, fail: (problem: string, cause?: unknown) => GptEdgeError): GraphProto {
  if (bytes.length > MAX_GRAPH_BYTES)
    throw fail(`has ${bytes.length} bytes, more than ${MAX_GRAPH_BYTES}; weights belong in external data.`);
  const { graph } = parse(bytes, fail);
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
