import { address } from '../plan-builder.ts';
import { widthOf } from '../value.ts';
import type { Operator } from './operator.ts';

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

/** ONNX's own and ONNX Runtime's, which has no `approximate`. */
export const gelu: Operator = {
  attributes: ['approximate'],
  plan(node, plan) {
    const approximate = node.attributes.get('approximate') ?? 'none';
    if (approximate !== 'none' && approximate !== 'tanh') throw plan.fail(node, `has the attribute approximate ${approximate}`);
    const kernel = approximate === 'tanh' ? 'geluTanh' : 'gelu';
    plan.setValue(node.outputs[0], plan.addActivation(node.name, kernel, plan.rowsOf(node, node.inputs[0])));
  },
};

/** GELU by tanh, behind a bias. */
export const fastGelu: Operator = {
  attributes: [],
  plan(node, plan) {
    const [input, bias] = node.inputs;
    let x = plan.rowsOf(node, input);
    if (bias) {
      const width = widthOf(x);
      const vector = { weight: plan.addVector(node, bias, width) };
      const from = x;
      x = plan.addRowStep(`${node.name}.bias`, 'add', [x], (out) => [...address(from), vector, 0, ...address(out), 'rows', width]);
    }
    plan.setValue(node.outputs[0], plan.addActivation(node.name, 'geluTanh', x));
  },
};
