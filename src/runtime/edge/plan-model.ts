import type { ModelFiles } from '../../model/model-files.ts';
import type { CacheFormat } from './plan/cache-format.ts';
import { type EdgePlan, planGraph } from './plan/plan-graph.ts';
import { readModelGraph } from './read-model-graph.ts';

/**
 * Plans a model folder's graph. None of its weights is read.
 * @throws GptEdgeError as readModelGraph and planGraph
 */
export async function planModel(files: ModelFiles, cacheFormat: CacheFormat): Promise<EdgePlan> {
  const { contextWindow, vocabularySize } = files.manifest;
  return planGraph(await readModelGraph(files), { contextWindow, vocabularySize, cacheFormat });
}
