import type { GraphNode } from '../../graph/model-graph.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { addBias } from './elementwise.ts';
import type { Operator } from './operator.ts';

/** The sigmoid is not computed yet, because a Mul that follows may make it silu or SwiGLU (see elementwise.ts). */
export const sigmoid: Operator = {
  attributes: [],
  plan(node, plan) {
    plan.setValue(node.outputs[0], { kind: 'activation', activation: 'sigmoid', of: plan.rowsOf(node, node.inputs[0]) });
  },
};

export const tanh: Operator = {
  attributes: [],
  plan: (node, plan) => plan.setValue(node.outputs[0], plan.addActivation(node.name, 'tanh', plan.rowsOf(node, node.inputs[0]))),
};

export const relu: Operator = {
  attributes: [],
  plan: (node, plan) => plan.setValue(node.outputs[0], plan.addActivation(node.name, 'relu', plan.rowsOf(node, node.inputs[0]))),
};

/** ONNX's Gelu, and ONNX Runtime's, which has no `approximate`. */
export const gelu: Operator = {
  attributes: ['approximate'],
  plan(node, plan) {
    const kernel = parseApproximate(node, plan);
    plan.setValue(node.outputs[0], plan.addActivation(node.name, kernel, plan.rowsOf(node, node.inputs[0])));
  },
};

function parseApproximate(node: GraphNode, plan: PlanBuilder): 'gelu' | 'geluTanh' {
  const approximate = node.attributes.get('approximate') ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh') throw plan.fail(node, `has the attribute approximate ${approximate}`);
  return approximate === 'tanh' ? 'geluTanh' : 'gelu';
}

/** GELU by tanh, of the input plus an optional bias. */
export const fastGelu: Operator = {
  attributes: [],
  plan(node, plan) {
    const [input, bias] = node.inputs;
    const x = plan.rowsOf(node, input);
    const sum = bias ? addBias(node, plan, x, bias) : x;
    plan.setValue(node.outputs[0], plan.addActivation(node.name, 'geluTanh', sum));
  },
};
