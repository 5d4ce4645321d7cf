import type { Kernels } from '../../../kernels/kernels.ts';
import type { MemoryLayout } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import type { Operand, Step } from '../plan/step.ts';
import { adaptedRows } from './adapted-rows.ts';
import type { LoadedModule } from './adapter-room.ts';
import type { Segment } from './segment.ts';

/**
 * Steps whose operands are resolved, except for those that depend on the rows of a call. The segments follow each other
 * without a gap, from row 0 on.
 */
export type BoundSteps = (segments: readonly Segment[]) => void;

/**
 * Turns the steps of the body or of the head into one function. Addresses and sizes are resolved here, once, so that a
 * call only fills in the few operands that depend on its rows.
 *
 * Most steps run once, for the rows of all segments together. Those that look at a sequence's positions or its cache
 * run for one segment after the other, and those of adapters for the rows of one adapter after the other.
 */
export function bindSteps(steps: readonly Step[], plan: EdgePlan, layout: MemoryLayout, kernels: Kernels): BoundSteps {
  const bound = steps.map((step) => bindStep(step, plan, layout, kernels));
  return (segments) => {
    const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
    const rowsOf: Record<BoundStep['per'], readonly Segment[]> = {
      call: [{ firstRow: 0, rows, position: Number.NaN, pageTable: Number.NaN }],
      sequence: segments,
      adapter: adaptedRows(segments),
    };
    for (const { run, per } of bound) for (const segment of rowsOf[per]) run(segment);
  };
}

/** @param module what the rows' adapter has for the step */
export type BoundOperand = number | ((segment: Segment, module?: LoadedModule) => number);

interface BoundStep {
  /** What the step runs once for. */
  readonly per: 'call' | 'sequence' | 'adapter';
  run(segment: Segment): void;
}

function bindStep({ node, kernel, operands }: Step, plan: EdgePlan, layout: MemoryLayout, kernels: Kernels): BoundStep {
  const run = kernels[kernel] as (...operands: number[]) => void;
  const bound = operands.map((operand) => bindOperand(operand, plan, layout));
  const values = bound.map((operand) => (typeof operand === 'number' ? operand : 0));
  const unresolved = bound.flatMap((operand, index) => (typeof operand === 'number' ? [] : [{ index, resolve: operand }]));
  const resolve = (segment: Segment, module?: LoadedModule) => {
    for (const { index, resolve } of unresolved) values[index] = resolve(segment, module);
  };
  if (operands.some((operand) => operand === 'position' || operand === 'pages'))
    return {
      per: 'sequence',
      run(segment) {
        resolve(segment);
        run(...values);
      },
    };
  // One step of decoding is mostly for the same rows as the step before it, and so are the operands then.
  let last: Segment | undefined;
  let module: LoadedModule | undefined;
  const isAdapters = operands.some((operand) => typeof operand === 'object' && 'adapter' in operand);
  return {
    per: isAdapters ? 'adapter' : 'call',
    run(segment) {
      if (last?.rows !== segment.rows || last.firstRow !== segment.firstRow || last.adapter !== segment.adapter) {
        last = segment;
        module = segment.adapter?.modules.get(node);
        if (module || !isAdapters) resolve(segment, module);
      }
      if (module || !isAdapters) run(...values);
    },
  };
}

/** The value of an operand, or how it follows from the rows of a call. */
export function bindOperand(operand: Operand, plan: EdgePlan, layout: MemoryLayout): BoundOperand {
  if (typeof operand === 'number') return operand;
  if (operand === 'rows') return ({ rows }) => rows;
  if (operand === 'position') return ({ position }) => position;
  if (operand === 'pages') return ({ pageTable }) => pageTable;
  if (operand === 'scratch') return layout.scratch;
  if (operand === 'tokens' || operand === 'positions') return layout[operand];
  if ('weight' in operand) return layout.weights[operand.weight];
  if ('adapter' in operand) return (_, module) => module![operand.adapter];
  const { stride } = plan.buffers['stride' in operand ? operand.stride : operand.buffer];
  if ('stride' in operand) return stride;
  const start = layout.arena + layout.buffers.offsets[operand.buffer] + operand.offset;
  return ({ firstRow }) => start + firstRow * stride;
}
