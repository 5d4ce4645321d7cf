import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { readModelGraph } from '../graph/model-graph.ts';
import type { CacheFormat } from './cache-shape.ts';
import { type EdgePlan, planGraph } from './plan-graph.ts';

/**
 * Plans a model folder's graph. None of its weights is read.
 * @throws GptEdgeError as readModelGraph and planGraph
 */
export async function planModel(files: ModelFiles, cacheFormat: CacheFormat): Promise<EdgePlan> {
  const { contextWindow, vocabularySize } = files.manifest;
  return planGraph(await readModelGraph(files), { contextWindow, vocabularySize, cacheFormat });
}
