import { GptEdgeError } from '../../model/errors.ts';
import { GRAPH_FILE } from '../../model/graph-files.ts';
import type { ModelFiles } from '../../model/model-files.ts';
import { parseGraph } from '../../model/onnx/parse-graph.ts';
import { modelGraph } from './graph/model-graph.ts';
import type { CacheFormat } from './plan/cache-format.ts';
import { type EdgePlan, planGraph } from './plan/plan-graph.ts';

/**
 * Plans a model folder's graph. None of its weights is read.
 * @throws GptEdgeError `unsupported_model` where the graph has what this engine lacks, `model_unavailable` for a missing or damaged file
 */
export async function planModel(files: ModelFiles, cacheFormat: CacheFormat): Promise<EdgePlan> {
  const { contextWindow, vocabularySize, id } = files.manifest;
  const fail = (problem: string, cause?: unknown) =>
    new GptEdgeError('unsupported_model', `${id}: ${GRAPH_FILE} ${problem}`, { param: 'model', cause });
  const graph = modelGraph(parseGraph(await files.read(GRAPH_FILE), fail));
  return planGraph(graph, { contextWindow, vocabularySize, cacheFormat });
}
