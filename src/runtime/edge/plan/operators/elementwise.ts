import type { GraphNode } from '../../graph/model-graph.ts';
import { address, type PlanBuilder } from '../plan-builder.ts';
import type { Operand } from '../step.ts';
import { type RowsValue, widthOf } from '../value.ts';
import type { Operator } from './operator.ts';

/** The sum of two inputs: rows and rows, or rows and a stored vector. */
export const add: Operator = {
  attributes: [],
  plan: (node, plan) => plan.setValue(node.outputs[0], combine(node, plan, 'add', node.inputs)),
};

/**
 * The product of two inputs, as for `add`; silu and SwiGLU, which graphs write as products, get kernels of their own.
 */
export const multiply: Operator = {
  attributes: [],
  plan(node, plan) {
    plan.setValue(node.outputs[0], planSilu(node, plan) ?? planSwiGlu(node, plan) ?? combine(node, plan, 'multiply', node.inputs));
  },
};

/** Recognizes silu: x sigmoid(x). */
function planSilu({ inputs }: GraphNode, plan: PlanBuilder) {
  const [a, b] = inputs.map((name) => plan.value(name));
  for (const [x, other] of [
    [a, b],
    [b, a],
  ])
    if (x.kind === 'rows' && other.kind === 'activation' && other.activation === 'sigmoid' && isSame(x, other.of))
      return { kind: 'activation', activation: 'silu', of: x } as const;
  return undefined;
}

const isSame = (a: RowsValue, b: RowsValue) => a.buffer === b.buffer && a.offset === b.offset && a.dims.join() === b.dims.join();

/** Recognizes SwiGLU: silu(gate) up. */
function planSwiGlu(node: GraphNode, plan: PlanBuilder): RowsValue | undefined {
  for (const [first, second] of [node.inputs, [...node.inputs].reverse()]) {
    const gated = plan.value(first);
    if (gated.kind !== 'activation' || gated.activation !== 'silu' || plan.value(second).kind === 'stored') continue;
    const gate = gated.of;
    const up = plan.rowsOf(node, second);
    if (up.dims.join() !== gate.dims.join()) throw plan.fail(node, 'multiplies rows of different shapes');
    const inputs = [...address(gate), ...address(up)];
    return plan.addRowStep(node.name, 'swiGlu', [gate, up], (out) => [...inputs, ...address(out), 'rows', widthOf(gate)]);
  }
  return undefined;
}

/**
 * Adds a step that combines two inputs.
 * @throws GptEdgeError `unsupported_model` for inputs of different shapes
 */
export function combine(node: GraphNode, plan: PlanBuilder, kernel: 'add' | 'multiply', inputs: readonly string[]): RowsValue {
  const [a, b] = plan.value(inputs[0]).kind === 'stored' ? [...inputs].reverse() : inputs;
  const x = plan.rowsOf(node, a);
  const width = widthOf(x);
  if (plan.value(b).kind === 'stored') {
    const other: Operand[] = [{ weight: plan.addVector(node, b, width) }, 0];
    return plan.addRowStep(node.name, kernel, [x], (out) => [...address(x), ...other, ...address(out), 'rows', width]);
  }
  const y = plan.rowsOf(node, b);
  if (x.dims.join() !== y.dims.join() || x.cut !== y.cut) throw plan.fail(node, `combines rows of the shapes [${x.dims}] and [${y.dims}]`);
  return plan.addRowStep(node.name, kernel, [x, y], (out) => [...address(x), ...address(y), ...address(out), 'rows', width]);
}

/** Adds a step for a bias that an operator takes as one of its inputs. */
export function addBias(node: GraphNode, plan: PlanBuilder, x: RowsValue, bias: string): RowsValue {
  const width = widthOf(x);
  const vector = { weight: plan.addVector(node, bias, width) };
  return plan.addRowStep(`${node.name}.bias`, 'add', [x], (out) => [...address(x), vector, 0, ...address(out), 'rows', width]);
}
