import type { Architecture, DecoderPlan } from './architectures/architecture.ts';
import { namesOf } from './architectures/match-tensors.ts';
import { rowPieces } from './tensors/row-pieces.ts';
import type { SourceTensor, TensorSource } from './tensors/tensor-source.ts';

/** Plans a decoder that keeps as many positions as are asked for, or all that the model has. */
export type DecoderPlanner = (contextWindow?: number) => DecoderPlan;

/**
 * Finds out how a checkpoint's decoder is planned. Where config.json says that table and head are one, and the
 * checkpoint holds two that differ, the checkpoint is right, as in transformers.
 * @throws GptEdgeError as `plan` of the architecture
 */
export async function planCheckpoint(
  architecture: Architecture,
  config: Record<string, unknown>,
  weights: TensorSource,
): Promise<DecoderPlanner> {
  const plan = architecture.plan(config);
  const { tied } = plan;
  const names = namesOf(plan, weights);
  const [table, head] = [tied?.table, tied?.head].map((name) => names.get(name ?? ''));
  const areTwo = table !== undefined && head !== undefined && !(await areEqual(weights, table, head));
  const settled = areTwo ? { ...config, tie_word_embeddings: false } : config;
  return (contextWindow) => architecture.plan(settled, contextWindow);
}

/** Compares two tables piece by piece. */
async function areEqual(weights: TensorSource, first: SourceTensor, second: SourceTensor): Promise<boolean> {
  if (first.shape.join() !== second.shape.join()) return false;
  const others = rowPieces(weights, second);
  for await (const { values } of rowPieces(weights, first)) {
    const { value: other } = await others.next();
    if (!other || !values.every((value, index) => value === other.values[index])) return false;
  }
  return true;
}
