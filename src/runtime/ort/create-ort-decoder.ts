import type { Decoder } from '../../core/decoder.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { externalDataFiles, GRAPH_FILE } from '../../core/folder/graph-files.ts';
import type { ModelFiles } from '../../core/folder/model-files.ts';
import { createSession } from './onnxruntime.ts';
import { ortDecoder } from './ort-decoder.ts';
import type { OrtDecoderOptions } from './ort-decoder-options.ts';

/**
 * Loads a model into onnxruntime-web.
 * @param contextWindow positions of the longest sequence, at most the model's own
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, `unsupported_model` for a graph that
 *   onnxruntime-web refuses
 */
export async function createOrtDecoder(
  files: ModelFiles,
  options: OrtDecoderOptions,
  contextWindow: number = files.manifest.contextWindow,
): Promise<Decoder> {
  const { manifest } = files;
  const readData = async (path: string) => ({ path, data: await files.read(path) });
  const dataFiles = externalDataFiles(Object.keys(manifest.files));
  const [graph, ...externalData] = await Promise.all([files.read(GRAPH_FILE), ...dataFiles.map(readData)]);
  const loaded = await createSession(graph, { externalData }).catch((cause) => {
    throw new GptEdgeError('unsupported_model', `onnxruntime-web cannot run ${manifest.id}: ${(cause as Error).message}`, {
      param: 'model',
      cause,
    });
  });
  return ortDecoder(loaded, { ...manifest, contextWindow }, options);
}
