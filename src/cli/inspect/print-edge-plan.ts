import { LOGITS_ROWS, memoryLayout, PREFILL_ROWS } from '../../runtime/edge/plan/memory-layout.ts';
import type { EdgePlan } from '../../runtime/edge/plan/plan-graph.ts';
import type { Step } from '../../runtime/edge/plan/step.ts';
import { printTable } from '../printing/print-table.ts';

/** Prints what the edge engine does for a call, step by step, and where each result lies. */
export function printEdgePlan(plan: EdgePlan): void {
  const layout = memoryLayout(plan);
  const row = (step: Step): string[] => {
    const [written] = step.writes;
    const weights = step.operands.flatMap((operand) =>
      typeof operand === 'object' && 'weight' in operand ? [plan.weights[operand.weight]] : [],
    );
    const buffer = written === undefined ? undefined : plan.buffers[written];
    return [
      step.kernel,
      weights.map(({ layout, outputs, inputs }) => `${layout} [${outputs}, ${inputs}]`).join(', '),
      buffer ? (buffer.width > 0 ? `[rows, ${buffer.width}]` : 'quantized') : 'KV cache',
      written === undefined ? '' : String(layout.buffers.offsets[written]),
      sum(weights.map(({ bytes }) => bytes)).toLocaleString('en'),
      step.multiplyAdds.toLocaleString('en'),
      step.node,
    ];
  };
  const headings = ['kernel', 'weights', 'result', 'at', 'weight bytes', 'multiply-adds a row', 'node'];
  console.log(`\nSteps for every position, up to ${PREFILL_ROWS} at once`);
  printTable(headings, plan.body.map(row));
  console.log(`\nSteps for positions whose logits are wanted, up to ${LOGITS_ROWS} at once`);
  printTable(headings, plan.head.map(row));
  const all = [...plan.body, ...plan.head];
  console.log(
    `\n${all.length} steps, ${sum(all.map(({ multiplyAdds }) => multiplyAdds)).toLocaleString('en')} multiply-adds a token, ` +
      `buffers ${layout.buffers.bytes.toLocaleString('en')} bytes, ${plan.cache.blockBytes.toLocaleString('en')} bytes of cache for ${plan.cache.blockPositions} positions`,
  );
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
