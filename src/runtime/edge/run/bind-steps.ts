import type { Kernels } from '../../../kernels/kernels.ts';
import type { MemoryLayout } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import type { Operand, Step } from '../plan/step.ts';

/** The rows that a call of steps computes. */
export interface RowRange {
  /** How many rows. */
  rows: number;
  /** Position of the first row in its sequence. */
  position: number;
  /** Offset of the first row in the buffers that the body filled; 0 for the body itself. */
  firstRow: number;
}

/** Steps whose operands are resolved, except for those that depend on the rows of a call. */
export type BoundSteps = (range: RowRange) => void;

/** @param part the body, or the head, which reads some of the rows that the body wrote */
export function bindSteps(plan: EdgePlan, part: 'body' | 'head', layout: MemoryLayout, kernels: Kernels): BoundSteps {
  const filledByBody = new Set(part === 'head' ? plan.body.flatMap(({ writes }) => writes) : []);
  const bound = plan[part].map((step) => bindStep(step, (operand) => bindOperand(operand, plan, layout, filledByBody), kernels));
  return (range) => {
    for (const run of bound) run(range);
  };
}

type BoundOperand = number | ((range: RowRange) => number);

function bindStep({ kernel, operands }: Step, bind: (operand: Operand) => BoundOperand, kernels: Kernels): BoundSteps {
  const run = kernels[kernel] as (...operands: number[]) => void;
  const bound = operands.map(bind);
  const values = bound.map((operand) => (typeof operand === 'number' ? operand : 0));
  const unresolved = bound.flatMap((operand, index) => (typeof operand === 'number' ? [] : [{ index, resolve: operand }]));
  return (range) => {
    for (const { index, resolve } of unresolved) values[index] = resolve(range);
    run(...values);
  };
}

function bindOperand(operand: Operand, plan: EdgePlan, layout: MemoryLayout, filledByBody: ReadonlySet<number>): BoundOperand {
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
  if (!filledByBody.has(operand.buffer)) return start;
  return ({ firstRow }) => start + firstRow * stride;
}
