import { GptEdgeError } from '../../../core/errors.ts';

/** The error for a graph that this engine cannot run. The message ends with the way out. */
export function unsupported(problem: string): GptEdgeError {
  return new GptEdgeError('unsupported_model', `The edge engine cannot run this graph: ${problem} onnxruntime-web may (engine: ort).`, {
    param: 'model',
  });
}
