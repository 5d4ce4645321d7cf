import type { Decoder } from '../../model/decoder.ts';
import type { ModelFiles } from '../../model/model-files.ts';
import { EdgeModel, type EdgeModelOptions } from './edge-model.ts';
import { EdgeSequence } from './edge-sequence.ts';
import type { EdgePlan } from './plan/plan-graph.ts';

/**
 * Loads a planned model into this engine.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged
 */
export async function createEdgeDecoder(plan: EdgePlan, files: ModelFiles, options: EdgeModelOptions): Promise<Decoder> {
  const model = await EdgeModel.load(plan, files, options);
  return {
    engine: 'edge',
    vocabularySize: plan.options.vocabularySize,
    contextWindow: plan.options.contextWindow,
    createSequence: () => new EdgeSequence(model),
    // The memory goes with the last reference to it.
    async dispose() {},
  };
}
