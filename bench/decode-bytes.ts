import type { EdgePlan } from '../src/runtime/edge/plan/plan-graph.ts';

/** Kernels that read only a few rows of a table. */
const LOOK_UPS = /^(gather|rotate)/;

/**
 * Bytes of weights that a decode step of the edge engine reads. Tables of which a step looks up a few rows are not
 * counted, nor is the KV cache.
 */
export function decodeBytes({ body, head, weights }: EdgePlan): number {
  const read = new Set<number>();
  for (const { kernel, operands } of [...body, ...head]) {
    if (LOOK_UPS.test(kernel)) continue;
    for (const operand of operands) if (typeof operand === 'object' && 'weight' in operand) read.add(operand.weight);
  }
  return weights.reduce((sum, { bytes }, index) => sum + (read.has(index) ? bytes : 0), 0);
}
