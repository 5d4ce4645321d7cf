import type { DecoderPlan } from './architectures/architecture.ts';

/** The values of all tensors of a plan, each counted once. */
export function countParameters({ tensors }: DecoderPlan): number {
  return [...tensors.values()].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
