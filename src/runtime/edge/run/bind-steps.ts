import type { Kernels } from '../../../kernels/kernels.ts';
import type { MemoryLayout } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import type { Operand, Step } from '../plan/step.ts';

/** What a call of steps works on. */
export interface Call {
  /** How many rows are computed. */
  rows: number;
  /** Position of the first of them. */
  position: number;
  /** Which row of the buffers that the first steps filled the first of them is. */
  firstRow: number;
}

/** Steps with all that is known before a call filled in. */
export type BoundSteps = (call: Call) => void;

/**
 * @param part the steps that every position needs, or the last ones, which read some rows of what the others have written
 */
export function bindSteps(plan: EdgePlan, part: 'body' | 'head', layout: MemoryLayout, kernels: Kernels): BoundSteps {
  const filledByEvery = new Set(part === 'head' ? plan.body.flatMap(({ writes }) => writes) : []);
  const bound = plan[part].map((step) => bindStep(step, (operand) => bindOperand(operand, plan, layout, filledByEvery), kernels));
  return (call) => {
    for (const run of bound) run(call);
  };
}

type Bound = number | ((call: Call) => number);

function bindStep({ kernel, operands }: Step, bind: (operand: Operand) => Bound, kernels: Kernels): BoundSteps {
  const run = kernels[kernel] as (...operands: number[]) => void;
  const bound = operands.map(bind);
  const values = bound.map((operand) => (typeof operand === 'number' ? operand : 0));
  const open = bound.flatMap((operand, index) => (typeof operand === 'number' ? [] : [{ index, resolve: operand }]));
  return (call) => {
    for (const { index, resolve } of open) values[index] = resolve(call);
    run(...values);
  };
}

function bindOperand(operand: Operand, plan: EdgePlan, layout: MemoryLayout, filledByEvery: ReadonlySet<number>): Bound {
  if (typeof operand === 'number') return operand;
  if (operand === 'rows') return ({ rows }) => rows;
  if (operand === 'position') return ({ position }) => position;
  if (operand === 'pages') return layout.pageTable;
  if (operand === 'scratch') return layout.scratch;
  if (operand === 'tokens' || operand === 'positions') {
    const start = layout[operand];
    return ({ firstRow }) => start + firstRow * 4;
  }
  if ('weight' in operand) return layout.weights[operand.weight];
  if ('stride' in operand) return plan.buffers[operand.stride].stride;
  const start = layout.arena + layout.buffers.offsets[operand.buffer] + operand.offset;
  const { stride } = plan.buffers[operand.buffer];
  if (!filledByEvery.has(operand.buffer)) return start;
  return ({ firstRow }) => start + firstRow * stride;
}
