import type { GraphNode } from '../../graph/model-graph.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { type IntegersValue, type IntegerTensor, PROBES } from '../value.ts';
import { numberAttribute } from './operator.ts';

/**
 * Evaluates a node whose inputs are all integers, once for each probe. Graphs compute with integers only on shapes and
 * masks.
 * @returns undefined for a node with other inputs, or an operator that graphs do not need for shapes and masks
 */
export function planIntegers(node: GraphNode, plan: PlanBuilder): IntegersValue | undefined {
  const evaluate = EVALUATORS[node.operator];
  if (evaluate === undefined) return undefined;
  const inputs = node.inputs.filter((name) => name !== '').map((name) => plan.value(name));
  if (!inputs.every((value) => value.kind === 'integers')) return undefined;
  const probes = PROBES.map((_, index) =>
    evaluate(
      inputs.map(({ probes }) => probes[index]),
      node,
      plan,
    ),
  );
  return { kind: 'integers', probes };
}

type Evaluate = (inputs: readonly IntegerTensor[], node: GraphNode, plan: PlanBuilder) => IntegerTensor;

const EVALUATORS: Readonly<Record<string, Evaluate>> = {
  Add: (inputs, node, plan) => elementwise(inputs, (a, b) => a + b, node, plan),
  Sub: (inputs, node, plan) => elementwise(inputs, (a, b) => a - b, node, plan),
  Mul: (inputs, node, plan) => elementwise(inputs, (a, b) => a * b, node, plan),
  Neg: ([{ dims, data }]) => ({ dims, data: data.map((value) => (value === 0 ? 0 : -value)) }),
  Cast: ([tensor]) => tensor,
  Identity: ([tensor]) => tensor,
  Shape: ([{ dims }]) => ({ dims: [dims.length], data: dims }),
  ReduceSum: ([{ dims, data }], node, plan) => {
    const keep = numberAttribute(node, plan, 'keepdims', 1) === 1;
    // Whether the sum is over the last axis or over all makes no difference for a batch of one.
    return { dims: keep ? dims.map(() => 1) : dims.slice(0, -1), data: [data.reduce((sum, value) => sum + value, 0)] };
  },
  Gather: ([{ dims, data }, indices], node, plan) => {
    if (dims.length !== 1) throw plan.fail(node, 'gathers integers out of more than a list');
    return { dims: indices.dims, data: indices.data.map((index) => data[index < 0 ? index + data.length : index]) };
  },
  Reshape: ([{ data }, shape]) => ({ dims: resolveShape(shape.data, [data.length]), data }),
  Squeeze: ([{ dims, data }]) => ({ dims: dims.filter((dim) => dim !== 1), data }),
  Unsqueeze: ([{ dims, data }, axes]) => {
    const result = [...dims];
    for (const axis of [...axes.data].sort((a, b) => a - b)) result.splice(axis < 0 ? axis + result.length + 1 : axis, 0, 1);
    return { dims: result, data };
  },
  Concat: (inputs) => {
    const data = inputs.flatMap((input) => input.data);
    return { dims: [data.length], data };
  },
};

/** Combines tensors of equal size, or a tensor with a single integer. */
function elementwise(
  [a, b]: readonly IntegerTensor[],
  combine: (a: number, b: number) => number,
  node: GraphNode,
  plan: PlanBuilder,
): IntegerTensor {
  const larger = a.data.length >= b.data.length ? a : b;
  if (a.data.length !== b.data.length && Math.min(a.data.length, b.data.length) !== 1)
    throw plan.fail(node, 'combines integers of different shapes');
  const at = ({ data }: IntegerTensor, index: number) => data[data.length === 1 ? 0 : index];
  return { dims: larger.dims, data: larger.data.map((_, index) => combine(at(a, index), at(b, index))) };
}

/** The shape that Reshape makes of `dims`: in its target `shape`, 0 keeps a dimension, and -1 takes what remains. */
export function resolveShape(shape: readonly number[], dims: readonly number[]): number[] {
  const total = dims.reduce((product, dim) => product * dim, 1);
  const kept = shape.map((dim, axis) => (dim === 0 ? dims[axis] : dim));
  const known = kept.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  return kept.map((dim) => (dim === -1 ? total / known : dim));
}
