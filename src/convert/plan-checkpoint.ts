import type { Architecture, DecoderPlan } from './architectures/architecture.ts';
import { namesOf } from './architectures/match-tensors.ts';
import type { TensorSource } from './tensors/tensor-source.ts';

/**
 * Plans a checkpoint's decoder. Where config.json says that table and head are one, and the checkpoint holds two that
 * differ, the checkpoint is right, as in transformers.
 * @throws GptEdgeError as `plan` of the architecture
 */
export async function planCheckpoint(
  architecture: Architecture,
  config: Record<string, unknown>,
  weights: TensorSource,
  contextWindow?: number,
): Promise<DecoderPlan> {
  const plan = architecture.plan(config, contextWindow);
  if (plan.tied === undefined) return plan;
  const names = namesOf(plan, weights);
  const [table, head] = [plan.tied.table, plan.tied.head].map((name) => names.get(name)?.name);
  if (table === undefined || head === undefined || (await areEqual(weights, table, head))) return plan;
  return architecture.plan({ ...config, tie_word_embeddings: false }, contextWindow);
}

async function areEqual(weights: TensorSource, first: string, second: string): Promise<boolean> {
  const { values } = await weights.read(first);
  const { values: others } = await weights.read(second);
  return values.length === others.length && values.every((value, index) => value === others[index]);
}
