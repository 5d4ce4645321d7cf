import { q4ActivationBytes, q8ActivationBytes } from '../../../../kernels/matrix-layouts.ts';
import type { GraphNode } from '../../graph/model-graph.ts';
import { address, numberAttribute, type PlanBuilder } from '../plan-builder.ts';
import type { Operand } from '../step.ts';
import { type RowsValue, widthOf } from '../value.ts';
import { floatLayout } from './gather.ts';
import type { Operator } from './operator.ts';
import { quantizedWeight } from './quantized-weight.ts';

/** By a stored matrix [inputs, outputs]. */
export const matMul: Operator = {
  attributes: [],
  plan: (node, plan) => planFloat(node, plan, false),
};

/** By a stored matrix that may lie the other way round. */
export const fusedMatMul: Operator = {
  attributes: ['alpha', 'transA', 'transB', 'transBatchA', 'transBatchB'],
  plan(node, plan) {
    const ones = { alpha: 1, transA: 0, transBatchA: 0, transBatchB: 0 };
    for (const [name, value] of Object.entries(ones))
      if (numberAttribute(node, name, value) !== value) throw plan.fail(node, `has an attribute ${name} other than ${value}`);
    planFloat(node, plan, numberAttribute(node, 'transB', 0) === 1);
  },
};

function planFloat(node: GraphNode, plan: PlanBuilder, outputsFirst: boolean): void {
  const x = plan.rowsOf(node, node.inputs[0]);
  const { tensor } = plan.storedOf(node, node.inputs[1]);
  if (tensor.dims.length !== 2) throw plan.fail(node, `multiplies by a tensor of ${tensor.dims.length} dimensions`);
  const [outputs, inputs] = outputsFirst ? tensor.dims : [...tensor.dims].reverse();
  checkInputs(node, plan, x, inputs);
  const layout = floatLayout(node, plan, tensor.type);
  const weight = plan.addWeight({ name: tensor.name, layout, outputs, inputs, transposed: !outputsFirst, elements: tensor });
  const out = plan.allocateRows(node.name, [outputs], x.cut);
  const kernel = layout === 'f16' ? 'matMulF16' : 'matMulF32';
  const operands: Operand[] = [...address(x), { weight }, ...address(out), 'rows', outputs, inputs];
  // Halves are widened a panel at a time.
  if (layout === 'f16') operands.push('scratch');
  plan.addStep({ node: node.name, kernel, operands, reads: [x.buffer], writes: [out.buffer], multiplyAdds: outputs * inputs });
  plan.setValue(node.outputs[0], out);
}

/** By a stored matrix of 4-bit or 8-bit codes. */
export const matMulNBits: Operator = {
  // accuracy_level asks for a precision at least; this engine has one of its own for each number of bits.
  attributes: ['K', 'N', 'bits', 'block_size', 'accuracy_level'],
  plan(node, plan) {
    const [input, codes, scales, zeroPoints = '', groupIndex, bias] = node.inputs;
    if (groupIndex) throw plan.fail(node, 'has a group index');
    const x = plan.rowsOf(node, input);
    const inputs = numberAttribute(node, 'K', 0);
    const outputs = numberAttribute(node, 'N', 0);
    checkInputs(node, plan, x, inputs);
    const sizes = { bits: numberAttribute(node, 'bits', 4), blockSize: numberAttribute(node, 'block_size', 0), outputs, inputs };
    const { layout, index } = quantizedWeight(node, plan, { codes, scales, zeroPoints, ...sizes });
    const product = planQuantized(node, plan, x, { layout, weight: index, outputs, inputs });
    plan.setValue(node.outputs[0], bias ? addBias(node, plan, product, bias) : product);
  },
};

interface Quantized {
  readonly layout: 'q4' | 'q8';
  readonly weight: number;
  readonly outputs: number;
  readonly inputs: number;
}

function planQuantized(node: GraphNode, plan: PlanBuilder, x: RowsValue, { layout, weight, outputs, inputs }: Quantized): RowsValue {
  const q4 = layout === 'q4';
  const activations = plan.quantized(x, layout, () => {
    const name = `${node.name}.activations`;
    const made = plan.allocateScratch(name, (rows) => (q4 ? q4ActivationBytes : q8ActivationBytes)(rows, inputs));
    const operands = [...address(x), { buffer: made, offset: 0 }, 'rows' as const, inputs];
    plan.addStep({ node: name, kernel: q4 ? 'quantizeForQ4' : 'quantizeForQ8', operands, reads: [x.buffer], writes: [made], multiplyAdds: 0 });
    return made;
  });
  const out = plan.allocateRows(node.name, [outputs], x.cut);
  const operands = [{ buffer: activations, offset: 0 }, { weight }, ...address(out), 'rows' as const, outputs, inputs, 'scratch' as const];
  const kernel = q4 ? 'matMulQ4' : 'matMulQ8';
  plan.addStep({ node: node.name, kernel, operands, reads: [activations], writes: [out.buffer], multiplyAdds: outputs * inputs });
  return out;
}

function addBias(node: GraphNode, plan: PlanBuilder, product: RowsValue, bias: string): RowsValue {
  const width = widthOf(product);
  const vector = { weight: plan.addVector(node, bias, width) };
  return plan.addRowStep(`${node.name}.bias`, 'add', [product], (out) => [...address(product), vector, 0, ...address(out), 'rows', width]);
}

function checkInputs(node: GraphNode, plan: PlanBuilder, x: RowsValue, inputs: number): void {
  if (widthOf(x) !== inputs) throw plan.fail(node, `multiplies rows of ${widthOf(x)} by a matrix of ${inputs} inputs`);
}
