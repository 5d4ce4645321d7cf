import type { GraphNode } from '../../graph/model-graph.ts';
import { address, type PlanBuilder } from '../plan-builder.ts';
import { type RowsValue, shapeOf, widthOf } from '../value.ts';
import { combine } from './elementwise.ts';
import { numberAttribute, type Operator, PART_MULTIPLE } from './operator.ts';

/** ONNX's default for LayerNormalization. */
const DEFAULT_EPSILON = 1e-5;
/** The default of ONNX Runtime's own operators. Graphs always state their own epsilon. */
const SKIP_DEFAULT_EPSILON = 1e-12;

/** A norm over a row, or over each part of it, with names of its stored vectors. */
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

/** A residual sum, followed by its layer norm. */
export const skipLayerNormalization: Operator = {
  attributes: ['epsilon'],
  plan(node, plan) {
    const [input, skip, gain, beta, bias] = node.inputs;
    const epsilon = numberAttribute(node, plan, 'epsilon', SKIP_DEFAULT_EPSILON);
    planSkip(node, plan, [input, skip, bias], { kernel: 'layerNorm', gain, bias: beta, epsilon });
  },
};

/** A residual sum, followed by its RMS norm. */
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
  const x = plan.foldedRowsOf(node, name);
  const axis = numberAttribute(node, plan, 'axis', -1);
  const last = shapeOf(x, 1).length - 1;
  if (axis !== -1 && axis !== last) throw plan.fail(node, `is over axis ${axis}, and the last one is ${last}`);
  return x;
}

/** Adds a step for each part of a row that lies along the last axis, such as each head of the queries. */
function normalize(node: GraphNode, plan: PlanBuilder, x: RowsValue, { kernel, gain, bias, epsilon }: Norm): RowsValue {
  const width = x.dims.at(-1)!;
  const parts = widthOf(x) / width;
  if (parts > 1 && width % PART_MULTIPLE !== 0)
    throw plan.fail(node, `is over parts of ${width} values, a multiple of ${PART_MULTIPLE} expected`);
  const scale = { weight: plan.addVector(node, gain, width) };
  const shift = bias ? { weight: plan.addVector(node, bias, width) } : 0;
  const vectors = kernel === 'layerNorm' ? [scale, shift] : [scale];
  const out = { ...plan.allocateRows(node.name, x.dims, x.cut), isFolded: x.isFolded };
  for (let part = 0; part < parts; part++) {
    const [from, to] = [x, out].map((rows) => address({ ...rows, offset: rows.offset + part * width * Float32Array.BYTES_PER_ELEMENT }));
    const operands = [...from, ...vectors, ...to, 'rows' as const, width, epsilon];
    plan.addStep({ node: node.name, kernel, operands, reads: [x.buffer], writes: [out.buffer], multiplyAdds: 0 });
  }
  return out;
}
