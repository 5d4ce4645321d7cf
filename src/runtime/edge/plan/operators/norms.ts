import type { GraphNode } from '../../graph/model-graph.ts';
import { address, type PlanBuilder } from '../plan-builder.ts';
import { type RowsValue, widthOf } from '../value.ts';
import { combine } from './elementwise.ts';
import { numberAttribute, type Operator } from './operator.ts';

/** ONNX's default for LayerNormalization. */
const DEFAULT_EPSILON = 1e-5;
/** The default of ONNX Runtime's own operators. Graphs always state an epsilon of theirs. */
const SKIP_DEFAULT_EPSILON = 1e-12;

/** A norm over a row, with names of its stored vectors. */
interface Norm {
  readonly kernel: 'layerNorm' | 'rmsNorm';
  readonly gain: string;
  /** A layer norm may have a bias; an RMS norm has none. */
  readonly bias?: string;
  readonly epsilon: number;
}

export const layerNormalization: Operator = {
  attributes: ['axis', 'epsilon', 'stash_type'],
  plan(node, plan) {
    const [input, gain, bias] = node.inputs;
    const epsilon = numberAttribute(node, plan, 'epsilon', DEFAULT_EPSILON);
    const x = rowsOfLastAxis(node, plan, input);
    plan.setValue(node.outputs[0], normalize(node, plan, x, { kernel: 'layerNorm', gain, bias, epsilon }));
  },
};

/** RMS norm. */
export const simplifiedLayerNormalization: Operator = {
  attributes: ['axis', 'epsilon', 'stash_type'],
  plan(node, plan) {
    const [input, gain] = node.inputs;
    const epsilon = numberAttribute(node, plan, 'epsilon', DEFAULT_EPSILON);
    const x = rowsOfLastAxis(node, plan, input);
    plan.setValue(node.outputs[0], normalize(node, plan, x, { kernel: 'rmsNorm', gain, epsilon }));
  },
};

/** A residual sum, and the layer norm of it. */
export const skipLayerNormalization: Operator = {
  attributes: ['epsilon'],
  plan(node, plan) {
    const [input, skip, gain, beta, bias] = node.inputs;
    const epsilon = numberAttribute(node, plan, 'epsilon', SKIP_DEFAULT_EPSILON);
    planSkip(node, plan, [input, skip, bias], { kernel: 'layerNorm', gain, bias: beta, epsilon });
  },
};

/** A residual sum, and the RMS norm of it. */
export const skipSimplifiedLayerNormalization: Operator = {
  attributes: ['epsilon'],
  plan(node, plan) {
    const [input, skip, gain, bias] = node.inputs;
    const epsilon = numberAttribute(node, plan, 'epsilon', SKIP_DEFAULT_EPSILON);
    planSkip(node, plan, [input, skip, bias], { kernel: 'rmsNorm', gain, epsilon });
  },
};

/** Plans input + skip + bias, which is the fourth output, and its norm, which is the first. */
function planSkip(node: GraphNode, plan: PlanBuilder, [input, skip, bias]: readonly (string | undefined)[], norm: Norm): void {
  const sumName = node.outputs[3] || `${node.name}.sum`;
  plan.setValue(sumName, combine({ ...node, name: sumName }, plan, 'add', [input!, skip!]));
  if (bias) plan.setValue(sumName, combine({ ...node, name: sumName }, plan, 'add', [sumName, bias]));
  const sum = plan.rowsOf(node, sumName);
  plan.setValue(node.outputs[0], normalize(node, plan, sum, norm));
}

/** @throws GptEdgeError `unsupported_model` for a norm over anything but the last axis */
function rowsOfLastAxis(node: GraphNode, plan: PlanBuilder, name: string): RowsValue {
  const x = plan.rowsOf(node, name);
  const axis = numberAttribute(node, plan, 'axis', -1);
  if (x.dims.length !== 1 || (axis !== -1 && axis !== 2)) throw plan.fail(node, `is over axis ${axis}`);
  return x;
}

function normalize(node: GraphNode, plan: PlanBuilder, x: RowsValue, { kernel, gain, bias, epsilon }: Norm): RowsValue {
  const width = widthOf(x);
  const scale = { weight: plan.addVector(node, gain, width) };
  const shift = bias ? { weight: plan.addVector(node, bias, width) } : 0;
  const vectors = kernel === 'layerNorm' ? [scale, shift] : [scale];
  return plan.addRowStep(node.name, kernel, [x], (out) => [...address(x), ...vectors, ...address(out), 'rows', width, epsilon]);
}
