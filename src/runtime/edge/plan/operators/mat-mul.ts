import { q4ActivationBytes, q8ActivationBytes } from '../../../../kernels/matrix-layouts.ts';
import type { GraphNode } from '../../graph/model-graph.ts';
import { address, type PlanBuilder } from '../plan-builder.ts';
import type { Operand } from '../step.ts';
import { type RowsValue, widthOf } from '../value.ts';
import { addBias } from './elementwise.ts';
import { floatLayout } from './gather.ts';
import { numberAttribute, type Operator } from './operator.ts';
import { quantizedWeight } from './quantized-weight.ts';

/** Multiplies by a stored matrix [inputs, outputs]. */
export const matMul: Operator = {
  attributes: [],
  plan: (node, plan) => planFloat(node, plan, false),
};

/** Attributes of FusedMatMul that must have their default. */
const FUSED_DEFAULTS = { alpha: 1, transA: 0, transBatchA: 0, transBatchB: 0 };

/** Multiplies by a stored matrix that may be [outputs, inputs]. */
export const fusedMatMul: Operator = {
  attributes: ['transB', ...Object.keys(FUSED_DEFAULTS)],
  plan(node, plan) {
    for (const [name, value] of Object.entries(FUSED_DEFAULTS))
      if (numberAttribute(node, plan, name, value) !== value) throw plan.fail(node, `has an attribute ${name} other than ${value}`);
    planFloat(node, plan, numberAttribute(node, plan, 'transB', 0) === 1);
  },
};

function planFloat(node: GraphNode, plan: PlanBuilder, outputsFirst: boolean): void {
  const x = plan.rowsOf(node, node.inputs[0]);
  const { tensor, isTransposed = false } = plan.storedMatrixOf(node, node.inputs[1]);
  if (tensor.dims.length !== 2) throw plan.fail(node, `multiplies by a tensor of ${tensor.dims.length} dimensions`);
  const isOutputsFirst = outputsFirst !== isTransposed;
  const [outputs, inputs] = isOutputsFirst ? tensor.dims : [...tensor.dims].reverse();
  checkInputs(node, plan, x, inputs);
  const layout = floatLayout(node, plan, tensor.type);
  const weight = plan.addWeight({ name: tensor.name, layout, outputs, inputs, transposed: !isOutputsFirst, elements: tensor });
  const out = plan.allocateRows(node.name, [outputs], x.cut);
  const kernel = layout === 'f16' ? 'matMulF16' : 'matMulF32';
  const operands: Operand[] = [...address(x), { weight }, ...address(out), 'rows', outputs, inputs];
  // The kernel widens float16 to float32 in scratch memory, one panel at a time.
  if (layout === 'f16') operands.push('scratch');
  plan.addStep({ node: node.name, kernel, operands, reads: [x.buffer], writes: [out.buffer], multiplyAdds: outputs * inputs });
  plan.products.push({ of: x, outputs });
  planAdapter(node, plan, x, out);
  plan.setValue(node.outputs[0], out);
}

/** Multiplies by a stored matrix of 4-bit or 8-bit codes, and adds an optional bias. */
export const matMulNBits: Operator = {
  // accuracy_level asks for a minimum of precision. This engine has one precision for each number of bits.
  attributes: ['K', 'N', 'bits', 'block_size', 'accuracy_level'],
  plan(node, plan) {
    const sizes = parseSizes(node, plan);
    const [input, codes, scales, zeroPoints = '', groupIndex, bias] = node.inputs;
    if (groupIndex) throw plan.fail(node, 'has a group index, which the kernels do not support');
    const x = plan.rowsOf(node, input);
    checkInputs(node, plan, x, sizes.inputs);
    const { layout, weight } = quantizedWeight(node, plan, { codes, scales, zeroPoints, ...sizes });
    const product = planQuantized(node, plan, x, { layout, weight, outputs: sizes.outputs, inputs: sizes.inputs });
    plan.setValue(node.outputs[0], bias ? addBias(node, plan, product, bias) : product);
  },
};

function parseSizes(node: GraphNode, plan: PlanBuilder) {
  return {
    inputs: numberAttribute(node, plan, 'K', 0),
    outputs: numberAttribute(node, plan, 'N', 0),
    bits: numberAttribute(node, plan, 'bits', 4),
    blockSize: numberAttribute(node, plan, 'block_size', 0),
  };
}

interface QuantizedMatrix {
  readonly layout: 'q4' | 'q8';
  readonly weight: number;
  readonly outputs: number;
  readonly inputs: number;
}

function planQuantized(node: GraphNode, plan: PlanBuilder, x: RowsValue, { layout, weight, outputs, inputs }: QuantizedMatrix): RowsValue {
  const isQ4 = layout === 'q4';
  const activations = plan.quantized(x, layout, () => {
    const name = `${node.name}.activations`;
    const buffer = plan.allocateScratch(name, (rows) => (isQ4 ? q4ActivationBytes : q8ActivationBytes)(rows, inputs));
    const operands = [...address(x), { buffer, offset: 0 }, 'rows' as const, inputs];
    const kernel = isQ4 ? 'quantizeForQ4' : 'quantizeForQ8';
    plan.addStep({ node: name, kernel, operands, reads: [x.buffer], writes: [buffer], multiplyAdds: 0 });
    return buffer;
  });
  const out = plan.allocateRows(node.name, [outputs], x.cut);
  const operands = [{ buffer: activations, offset: 0 }, { weight }, ...address(out), 'rows' as const, outputs, inputs, 'scratch' as const];
  const kernel = isQ4 ? 'matMulQ4' : 'matMulQ8';
  plan.addStep({ node: node.name, kernel, operands, reads: [activations], writes: [out.buffer], multiplyAdds: outputs * inputs });
  plan.products.push({ of: x, outputs });
  planAdapter(node, plan, x, out);
  return out;
}

/** Adds a step for what adapters add to a product of `x`, if the model has adapters. */
function planAdapter({ name }: GraphNode, plan: PlanBuilder, x: RowsValue, out: RowsValue): void {
  if (!plan.options.adapterBytes) return;
  const [inputs, outputs] = [widthOf(x), widthOf(out)];
  plan.adaptable.set(name, { inputs, outputs });
  const matrices: Operand[] = [{ adapter: 'down' }, { adapter: 'up' }];
  const sizes: Operand[] = ['rows', inputs, outputs, { adapter: 'rank' }, { adapter: 'isQuantized' }, 'scratch'];
  const operands = [...address(x), ...matrices, ...address(out), ...sizes];
  plan.deferStep({ node: name, kernel: 'addLowRank', operands, reads: [x.buffer, out.buffer], writes: [out.buffer], multiplyAdds: 0 });
}

function checkInputs(node: GraphNode, plan: PlanBuilder, x: RowsValue, inputs: number): void {
  if (x.dims.length !== 1) throw plan.fail(node, `multiplies rows of the shape [${x.dims}]`);
  if (widthOf(x) !== inputs) throw plan.fail(node, `multiplies rows of ${widthOf(x)} by a matrix of ${inputs} inputs`);
}
