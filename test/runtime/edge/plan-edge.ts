import type { ModelFiles } from '../../../src/core/folder/model-files.ts';
import type { EdgePlan } from '../../../src/runtime/edge/plan/plan-graph.ts';
import type { EngineChoice } from '../../../src/runtime/engine-choice.ts';
import { planEngine } from '../../../src/runtime/plan-engine.ts';

/** The edge engine's plan of a model folder, however much memory it needs. */
export async function planEdge(files: ModelFiles, cacheFormat: EngineChoice['cacheFormat']): Promise<EdgePlan> {
  const planned = await planEngine(files, { engine: 'edge', cacheFormat }, Number.POSITIVE_INFINITY);
  if (planned.engine !== 'edge') throw new Error('the edge engine was asked for');
  return planned.plan;
}
