import type { Decoder } from '../../core/decoder.ts';
import type { ModelFiles } from '../../core/folder/model-files.ts';
import type { EdgePlan } from './plan/plan-graph.ts';
import { EdgeModel, type EdgeModelOptions } from './run/edge-model.ts';
import { EdgeSequence } from './run/edge-sequence.ts';

/**
 * About 60 ms of a prompt's 4-bit products, and twice as long token by token. For a model of 135 million parameters
 * it is 32 tokens, which fill the kernels' tiles.
 */
const MULTIPLY_ADDS_PER_TURN = 4.4e9;

/**
 * Loads a planned model into the edge engine.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged
 */
export async function createEdgeDecoder(plan: EdgePlan, files: ModelFiles, options: EdgeModelOptions): Promise<Decoder> {
  const model = await EdgeModel.load(plan, files, options);
  return {
    engine: `edge-${plan.options.cacheFormat}`,
    vocabularySize: plan.options.vocabularySize,
    contextWindow: plan.options.contextWindow,
    multiplyAddsPerTurn: MULTIPLY_ADDS_PER_TURN,
    createSequence: () => new EdgeSequence(model),
    loadLogits: (values) => model.loadLogits(values),
    // The memory is freed with the last reference to it.
    async dispose() {},
  };
}
