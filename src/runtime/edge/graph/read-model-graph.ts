import { GptEdgeError } from '../../../core/errors.ts';
import { GRAPH_FILE } from '../../../core/folder/graph-files.ts';
import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { parseGraph } from '../../../core/onnx/parse-graph.ts';
import { type ModelGraph, modelGraph } from './model-graph.ts';

/**
 * Reads a model folder's graph, and none of its weights.
 * @throws GptEdgeError `unsupported_model` for what is no graph that this engine reads, `model_unavailable` for a missing or damaged file
 */
export async function readModelGraph(files: ModelFiles): Promise<ModelGraph> {
  const fail = (problem: string, cause?: unknown) =>
    new GptEdgeError('unsupported_model', `${files.manifest.id}: ${GRAPH_FILE} ${problem}`, { param: 'model', cause });
  return modelGraph(parseGraph(await files.read(GRAPH_FILE), fail));
}
