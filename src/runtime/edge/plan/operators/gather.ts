import { showText } from '../../../../core/invalid-file.ts';
import { TensorProto_DataType as ElementType } from '../../../../core/onnx/onnx-ml_pb.js';
import type { GraphNode } from '../../graph/model-graph.ts';
import { address, type PlanBuilder } from '../plan-builder.ts';
import type { RowsValue } from '../value.ts';
import { numberAttribute, type Operator } from './operator.ts';
import { quantizedWeight } from './quantized-weight.ts';

/** Looks up rows of a table by token or by position. */
export const gather: Operator = {
  attributes: ['axis'],
  plan(node, plan) {
    const axis = numberAttribute(node, plan, 'axis', 0);
    const { tensor, isTransposed: transposed = false } = plan.storedMatrixOf(node, node.inputs[0]);
    const ids = idsOf(node, plan, node.inputs[1]);
    if (axis !== 0 || tensor.dims.length !== 2) throw plan.fail(node, 'does not look up rows of a table');
    const [outputs, inputs] = transposed ? [...tensor.dims].reverse() : tensor.dims;
    checkEntries(node, plan, ids, outputs);
    const layout = floatLayout(node, plan, tensor.type);
    const isByPosition = ids === 'positions';
    const weight = plan.addWeight({ name: tensor.name, layout, outputs, inputs, transposed, isByPosition, elements: tensor });
    const kernel = layout === 'f16' ? 'gatherF16' : 'gatherF32';
    plan.setValue(node.outputs[0], planLookUp(node, plan, { kernel, weight, ids, inputs }, [inputs]));
  },
};

/** Looks up rows of a quantized table, by token or by position. */
export const gatherBlockQuantized: Operator = {
  attributes: ['bits', 'block_size', 'gather_axis', 'quantize_axis'],
  plan(node, plan) {
    const { bits, blockSize, gatherAxis, quantizeAxis } = parseBlockAttributes(node, plan);
    const [codes, indices, scales, zeroPoints] = node.inputs;
    const { dims } = plan.storedOf(node, codes).tensor;
    if (gatherAxis !== 0 || quantizeAxis !== dims.length - 1 || zeroPoints)
      throw plan.fail(node, 'does not look up rows that are quantized in blocks along the row, without zero points');
    const [outputs, ...rest] = dims;
    const inputs = (rest.reduce((product, dim) => product * dim, 1) * 8) / bits;
    const ids = idsOf(node, plan, indices);
    checkEntries(node, plan, ids, outputs);
    const { layout, weight } = quantizedWeight(node, plan, {
      codes,
      scales,
      zeroPoints: '',
      bits,
      blockSize,
      outputs,
      inputs,
      isByPosition: ids === 'positions',
    });
    const kernel = layout === 'q4' ? 'gatherQ4' : 'gatherQ8';
    const blocks = rest.length === 2 ? [rest[0], (rest[1] * 8) / bits] : [inputs];
    plan.setValue(node.outputs[0], planLookUp(node, plan, { kernel, weight, ids, inputs }, blocks));
  },
};

function parseBlockAttributes(node: GraphNode, plan: PlanBuilder) {
  return {
    bits: numberAttribute(node, plan, 'bits', 4),
    blockSize: numberAttribute(node, plan, 'block_size', 128),
    gatherAxis: numberAttribute(node, plan, 'gather_axis', 0),
    quantizeAxis: numberAttribute(node, plan, 'quantize_axis', 1),
  };
}

interface LookUp {
  readonly kernel: 'gatherF16' | 'gatherF32' | 'gatherQ4' | 'gatherQ8';
  readonly weight: number;
  readonly ids: 'tokens' | 'positions';
  readonly inputs: number;
}

/** @throws GptEdgeError `unsupported_model` for ids that are neither tokens nor positions */
function idsOf(node: GraphNode, plan: PlanBuilder, name: string): LookUp['ids'] {
  const ids = plan.value(name);
  if (ids.kind !== 'ids') throw plan.fail(node, `looks up by ${showText(name)}, which is neither input_ids nor position_ids`);
  return ids.of;
}

/** @throws GptEdgeError `unsupported_model` for a table with fewer entries than there may be ids */
function checkEntries(node: GraphNode, plan: PlanBuilder, ids: LookUp['ids'], entries: number): void {
  const { vocabularySize, contextWindow } = plan.options;
  const needed = ids === 'tokens' ? vocabularySize : contextWindow;
  if (entries < needed) throw plan.fail(node, `has a table of ${entries} rows for ${needed} ${ids}`);
}

function planLookUp(node: GraphNode, plan: PlanBuilder, { kernel, weight, ids, inputs }: LookUp, dims: readonly number[]): RowsValue {
  const out = plan.allocateRows(node.name, dims, false);
  const operands = [{ weight }, ids, ...address(out), 'rows' as const, inputs];
  plan.addStep({ node: node.name, kernel, operands, reads: [], writes: [out.buffer], multiplyAdds: 0 });
  return out;
}

/**
 * The layout of a weight that is stored in floating point.
 * @throws GptEdgeError `unsupported_model` for elements of another type
 */
export function floatLayout(node: GraphNode, plan: PlanBuilder, type: ElementType): 'f16' | 'f32' {
  if (type === ElementType.FLOAT16) return 'f16';
  if (type === ElementType.FLOAT) return 'f32';
  throw plan.fail(node, `has a weight of type ${ElementType[type]}`);
}
