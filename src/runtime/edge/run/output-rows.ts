import type { Kernels } from '../../../kernels/kernels.ts';
import { GROUP_OUTPUTS, matrixBytes } from '../../../kernels/matrix-layouts.ts';
import type { MemoryLayout } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import { bindOperand, bindSteps } from './bind-steps.ts';
import type { EngineMemory } from './engine-memory.ts';
import type { Segment } from './segment.ts';

/** The head for few tokens. */
export interface OutputRows {
  /** The groups with a token of a mask; undefined if there are too many, or the plan has no product with some of them. */
  groupsOf(wanted: Uint32Array): readonly GroupRun[] | undefined;
  /** Computes the logits of a segment, whose first row is row 0, in these groups. All others become -Infinity. */
  compute(segment: Segment, groups: readonly GroupRun[]): void;
}

/**
 * The part of the vocabulary's groups up to which only those with wanted tokens are computed. Each run of groups is a call
 * of the kernel, and begins somewhere else in memory.
 */
const MOST_GROUPS = 1 / 4;

/** Neighbouring groups of outputs. */
export interface GroupRun {
  readonly first: number;
  count: number;
}

/**
 * Binds the head for few tokens. The matrix lies in groups of outputs, each of which is computed by itself, so a
 * product with some groups is the product with a smaller matrix, and gives the same bits.
 */
export function bindOutputRows(plan: EdgePlan, layout: MemoryLayout, memory: EngineMemory, kernels: Kernels): OutputRows {
  const weight = plan.outputProduct && plan.weights[plan.outputProduct.weight];
  if (plan.outputProduct === undefined || weight === undefined || weight.layout === 'plain')
    return { groupsOf: () => undefined, compute: () => {} };
  const { before, product, after } = plan.outputProduct;
  const groupOutputs = GROUP_OUTPUTS[weight.layout];
  const groupBytes = matrixBytes(weight.layout, groupOutputs, weight.inputs);
  const most = MOST_GROUPS * Math.ceil(weight.outputs / groupOutputs);
  const [runBefore, runAfter] = [before, after].map((steps) => bindSteps(steps, plan, layout, kernels));
  const run = kernels[product.kernel] as (...operands: number[]) => void;
  const logits = layout.arena + layout.buffers.offsets[plan.logits];
  const operands = product.operands.map((operand, index) => {
    const bound = bindOperand(operand, plan, layout);
    const resolve = (segment: Segment, _part?: GroupRun) => (typeof bound === 'number' ? bound : bound(segment));
    const isObject = typeof operand === 'object';
    if (isObject && 'weight' in operand) return (segment: Segment, { first }: GroupRun) => resolve(segment) + first * groupBytes;
    if (isObject && 'buffer' in operand && operand.buffer === plan.logits)
      return (segment: Segment, { first }: GroupRun) => resolve(segment) + first * groupOutputs * 4;
    // The number of outputs stands behind that of the rows.
    if (product.operands[index - 1] === 'rows') return (_: Segment, { count }: GroupRun) => count * groupOutputs;
    return resolve;
  });
  return {
    groupsOf: (wanted) => groupRuns(wanted, groupOutputs, most),
    compute(segment, groups) {
      runBefore([segment]);
      const { f32 } = memory.views;
      for (let row = 0; row < segment.rows; row++) {
        const start = (logits + row * plan.buffers[plan.logits].stride) >> 2;
        f32.fill(Number.NEGATIVE_INFINITY, start, start + plan.options.vocabularySize);
      }
      for (const part of groups) run(...operands.map((resolve) => resolve(segment, part)));
      runAfter([segment]);
    },
  };
}

/** The groups with a token of the mask; undefined if there are more than `most`. */
function groupRuns(mask: Uint32Array, groupOutputs: number, most: number): GroupRun[] | undefined {
  const runs: GroupRun[] = [];
  const whole = 2 ** groupOutputs - 1;
  let groups = 0;
  for (const [word, bits] of mask.entries())
    for (let bit = 0; bits !== 0 && bit < 32; bit += groupOutputs) {
      if (((bits >>> bit) & whole) === 0) continue;
      if (++groups > most) return undefined;
      const first = (word * 32 + bit) / groupOutputs;
      const last = runs.at(-1);
      if (last && last.first + last.count === first) last.count++;
      else runs.push({ first, count: 1 });
    }
  return runs;
}
