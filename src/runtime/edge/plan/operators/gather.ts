import { TensorProto_DataType as ElementType } from '../../../../core/onnx/onnx-ml_pb.js';
import { showText } from '../../../../core/show-text.ts';
import type { GraphNode } from '../../graph/model-graph.ts';
import { address, numberAttribute, type PlanBuilder } from '../plan-builder.ts';
import type { RowsValue } from '../value.ts';
import type { Operator } from './operator.ts';
import { quantizedWeight } from './quantized-weight.ts';

/** Looks rows of a table up, by token or by position. */
export const gather: Operator = {
  attributes: ['axis'],
  plan(node, plan) {
    const { tensor } = plan.storedOf(node, node.inputs[0]);
    const ids = idsOf(node, plan, node.inputs[1]);
    if (numberAttribute(node, 'axis', 0) !== 0 || tensor.dims.length !== 2)
      throw plan.fail(node, 'looks up otherwise than rows of a table');
    const [outputs, inputs] = tensor.dims;
    checkEntries(node, plan, ids, outputs);
    const layout = floatLayout(node, plan, tensor.type);
    const weight = plan.addWeight({ name: tensor.name, layout, outputs, inputs, transposed: false, elements: tensor });
    plan.setValue(
      node.outputs[0],
      planLookUp(node, plan, { kernel: layout === 'f16' ? 'gatherF16' : 'gatherF32', weight, ids, inputs }, [inputs]),
    );
  },
};

/** The same out of a quantized table, in blocks. */
export const gatherBlockQuantized: Operator = {
  attributes: ['bits', 'block_size', 'gather_axis', 'quantize_axis'],
  plan(node, plan) {
    const [codes, indices, scales, zeroPoints] = node.inputs;
    const { dims } = plan.storedOf(node, codes).tensor;
    const bits = numberAttribute(node, 'bits', 4);
    const blockSize = numberAttribute(node, 'block_size', 128);
    const axes = [numberAttribute(node, 'gather_axis', 0), numberAttribute(node, 'quantize_axis', 1)];
    if (axes[0] !== 0 || axes[1] !== dims.length - 1 || zeroPoints)
      throw plan.fail(node, 'quantizes otherwise than along rows, around the middle');
    const [outputs, ...rest] = dims;
    const inputs = (rest.reduce((product, dim) => product * dim, 1) * 8) / bits;
    const ids = idsOf(node, plan, indices);
    checkEntries(node, plan, ids, outputs);
    const { layout, index } = quantizedWeight(node, plan, { codes, scales, zeroPoints: '', bits, blockSize, outputs, inputs });
    const kernel = layout === 'q4' ? 'gatherQ4' : 'gatherQ8';
    const blocks = rest.length === 2 ? [rest[0], (rest[1] * 8) / bits] : [inputs];
    plan.setValue(node.outputs[0], planLookUp(node, plan, { kernel, weight: index, ids, inputs }, blocks));
  },
};

interface LookUp {
  readonly kernel: 'gatherF16' | 'gatherF32' | 'gatherQ4' | 'gatherQ8';
  readonly weight: number;
  readonly ids: 'tokens' | 'positions';
  readonly inputs: number;
}

/** @throws GptEdgeError `unsupported_model` for a table that does not reach as far as the ids may */
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

function idsOf(node: GraphNode, plan: PlanBuilder, name: string): 'tokens' | 'positions' {
  const ids = plan.value(name);
  if (ids.kind !== 'ids') throw plan.fail(node, `looks up by ${showText(name)}, which is neither input_ids nor position_ids`);
  return ids.of;
}

/** @throws GptEdgeError `unsupported_model` for elements of another type */
export function floatLayout(node: GraphNode, plan: PlanBuilder, type: ElementType): 'f16' | 'f32' {
  if (type === ElementType.FLOAT16) return 'f16';
  if (type === ElementType.FLOAT) return 'f32';
  throw plan.fail(node, `has a weight of type ${ElementType[type]}`);
}
