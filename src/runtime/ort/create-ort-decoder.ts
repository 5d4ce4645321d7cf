import type { Decoder } from '../../model/decoder.ts';
import { GptEdgeError } from '../../model/errors.ts';
import type { ModelFiles } from '../../model/model-files.ts';
import { createSession } from './onnxruntime.ts';
import { OrtSequence } from './ort-sequence.ts';

const GRAPH = 'model.onnx';
const WEIGHTS = 'model.onnx_data';

/**
 * Loads a model into onnxruntime-web.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, `unsupported_model` for a graph that
 *   onnxruntime-web refuses
 */
export async function createOrtDecoder(files: ModelFiles): Promise<Decoder> {
  const { manifest } = files;
  const [graph, weights] = await Promise.all([files.read(GRAPH), files.read(WEIGHTS)]);
  const { ort, session } = await createSession(graph, { externalData: [{ path: WEIGHTS, data: weights }] }).catch((cause) => {
    throw new GptEdgeError('unsupported_model', `onnxruntime-web cannot run ${manifest.id}: ${(cause as Error).message}`, {
      param: 'model',
      cause,
    });
  });
  const shared = { ort, session, contextWindow: manifest.contextWindow, vocabularySize: manifest.vocabularySize };
  return {
    engine: 'ort',
    vocabularySize: manifest.vocabularySize,
    contextWindow: manifest.contextWindow,
    createSequence: () => new OrtSequence(shared),
    dispose: () => session.release(),
  };
}
