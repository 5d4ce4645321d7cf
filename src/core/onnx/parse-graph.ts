import { fromBinary } from '@bufbuild/protobuf';
import type { GptEdgeError } from '../errors.ts';
import { MAX_GRAPH_BYTES } from '../limits.ts';
import { type GraphProto, ModelProtoSchema } from './onnx-ml_pb.js';

/**
 * The graph in an ONNX file's bytes.
 * @throws what `fail` makes of a file that is too large, or no ONNX model
 */
export function parseGraph(bytes: Uint8Array, fail: (problem: string, cause?: unknown) => GptEdgeError): GraphProto {
  if (bytes.length > MAX_GRAPH_BYTES)
    throw fail(`has ${bytes.length} bytes, more than ${MAX_GRAPH_BYTES}; weights belong into external data.`);
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
