import type { Decoder } from '../../core/decoder.ts';
import type { ModelFiles } from '../../core/folder/model-files.ts';
import type { EdgePlan } from './plan/plan-graph.ts';
import { loadPrefixes } from './prefixes/load-prefixes.ts';
import { EdgeModel, type EdgeModelOptions } from './run/edge-model.ts';
import { createSequence, forwardBatch } from './run/edge-sequence.ts';

/**
 * The work between two visits to the event loop. With 4-bit weights it takes about 60 ms in a prompt. For a model of
 * 135 million parameters it is 32 tokens, which is enough to fill the kernels' tiles.
 */
const MULTIPLY_ADDS_PER_TURN_Q4 = 4.4e9;
/** The same for 8 bits and more, whose products take three to four times as long. */
const MULTIPLY_ADDS_PER_TURN = 1.1e9;

export interface EdgeDecoderOptions extends EdgeModelOptions {
  /** Whether sequences can begin behind the prefixes that are stored with the model. @default false */
  readonly loadsPrefixes?: boolean;
}

/**
 * Loads a planned model into the edge engine.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, or belong to another model
 */
export async function createEdgeDecoder(plan: EdgePlan, files: ModelFiles, options: EdgeDecoderOptions): Promise<Decoder> {
  const model = await EdgeModel.load(plan, files, options);
  if (options.loadsPrefixes) await loadPrefixes(model, files);
  return {
    engine: `edge-${plan.options.cacheFormat}`,
    vocabularySize: plan.options.vocabularySize,
    contextWindow: plan.options.contextWindow,
    multiplyAddsPerTurn: files.manifest.dtype === 'q4' ? MULTIPLY_ADDS_PER_TURN_Q4 : MULTIPLY_ADDS_PER_TURN,
    costOfMultiplyAdd: 1,
    hiddenSize: plan.hidden?.width ?? null,
    kvCache: model.blocks,
    forwardBatch: (feeds) => forwardBatch(model, feeds),
    adapters: model.adapters,
    createSequence: (prefix) => createSequence(model, prefix),
    // The memory is freed with the last reference to it.
    async dispose() {},
  };
}
