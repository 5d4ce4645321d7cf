import type { GraphNode } from '../../graph/model-graph.ts';
import { address, numberAttribute, type PlanBuilder } from '../plan-builder.ts';
import { type RowsValue, widthOf } from '../value.ts';
import { combine } from './elementwise.ts';
import type { Operator } from './operator.ts';

/** ONNX's default for LayerNormalization; ONNX Runtime's operators have 1e-12, and always say theirs. */
const DEFAULT_EPSILON = 1e-5;
const SKIP_DEFAULT_EPSILON = 1e-12;

export const layerNormalization: Operator = {
  attributes: ['axis', 'epsilon', 'stash_type'],
  plan(node, plan) {
    const [input, gain, bias] = node.inputs;
    const x = lastAxis(node, plan, input);
    plan.setValue(node.outputs[0], normalize(node, plan, 'layerNorm', x, gain, bias, numberAttribute(node, 'epsilon', DEFAULT_EPSILON)));
  },
};

/** RMS norm. */
export const simplifiedLayerNormalization: Operator = {
  attributes: ['axis', 'epsilon', 'stash_type'],
  plan(node, plan) {
    const [input, gain] = node.inputs;
    const x = lastAxis(node, plan, input);
    plan.setValue(node.outputs[0], normalize(node, plan, 'rmsNorm', x, gain, '', numberAttribute(node, 'epsilon', DEFAULT_EPSILON)));
  },
};

/** A residual sum and the norm of it. */
export const skipLayerNormalization: Operator = {
  attributes: ['epsilon'],
  plan(node, plan) {
    const [input, skip, gain, beta, bias] = node.inputs;
    planSkip(node, plan, 'layerNorm', [input, skip, bias], gain, beta);
  },
};

export const skipSimplifiedLayerNormalization: Operator = {
  attributes: ['epsilon'],
  plan(node, plan) {
    const [input, skip, gain, bias] = node.inputs;
    planSkip(node, plan, 'rmsNorm', [input, skip, bias], gain, '');
  },
};

function planSkip(
  node: GraphNode,
  plan: PlanBuilder,
  kernel: 'layerNorm' | 'rmsNorm',
  [input, skip, bias]: readonly (string | undefined)[],
  gain: string,
  beta: string | undefined,
): void {
  const sumName = node.outputs[3] || `${node.name}.sum`;
  plan.setValue(sumName, combine({ ...node, name: sumName }, plan, 'add', [input!, skip!]));
  if (bias) plan.setValue(sumName, combine({ ...node, name: sumName }, plan, 'add', [sumName, bias]));
  const sum = plan.rowsOf(node, sumName);
  plan.setValue(node.outputs[0], normalize(node, plan, kernel, sum, gain, beta, numberAttribute(node, 'epsilon', SKIP_DEFAULT_EPSILON)));
}

/** @throws GptEdgeError `unsupported_model` for a norm over anything but the last axis */
function lastAxis(node: GraphNode, plan: PlanBuilder, name: string): RowsValue {
  const x = plan.rowsOf(node, name);
  const axis = numberAttribute(node, 'axis', -1);
  if (x.dims.length !== 1 || (axis !== -1 && axis !== 2)) throw plan.fail(node, `is over axis ${axis}`);
  return x;
}

function normalize(
  node: GraphNode,
  plan: PlanBuilder,
  kernel: 'layerNorm' | 'rmsNorm',
  x: RowsValue,
  gain: string,
  bias: string | undefined,
  epsilon: number,
): RowsValue {
  const width = widthOf(x);
  const scale = { weight: plan.addVector(node, gain, width) };
  const shift = bias ? { weight: plan.addVector(node, bias, width) } : 0;
  const vectors = kernel === 'layerNorm' ? [scale, shift] : [scale];
  return plan.addRowStep(node.name, kernel, [x], (out) => [...address(x), ...vectors, ...address(out), 'rows', width, epsilon]);
}
