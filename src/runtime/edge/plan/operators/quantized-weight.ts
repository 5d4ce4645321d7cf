import { TensorProto_DataType as ElementType } from '../../../../core/onnx/onnx-ml_pb.js';
import { showText } from '../../../../core/show-text.ts';
import { BLOCK_INPUTS } from '../../../../kernels/matrix-layouts.ts';
import type { GraphNode } from '../../graph/model-graph.ts';
import type { StoredTensor } from '../../graph/stored-tensor.ts';
import type { PlanBuilder } from '../plan-builder.ts';

export interface QuantizedInputs {
  readonly codes: string;
  readonly scales: string;
  /** Empty where every zero point is the middle. */
  readonly zeroPoints: string;
  readonly bits: number;
  readonly blockSize: number;
  readonly outputs: number;
  readonly inputs: number;
}

/** Registers a matrix of codes, as MatMulNBits and GatherBlockQuantized read it. */
export function quantizedWeight(node: GraphNode, plan: PlanBuilder, given: QuantizedInputs): { layout: 'q4' | 'q8'; index: number } {
  const { bits, blockSize, outputs, inputs } = given;
  const layout = bits === 4 ? 'q4' : 'q8';
  if (bits !== 4 && bits !== 8) throw plan.fail(node, `has ${bits} bits, 4 or 8 expected`);
  if (blockSize % BLOCK_INPUTS !== 0 || blockSize < BLOCK_INPUTS)
    throw plan.fail(node, `has blocks of ${blockSize}, a multiple of 32 expected`);
  if (blockSize > BLOCK_INPUTS && inputs % blockSize !== 0)
    throw plan.fail(node, `has rows of ${inputs}, no multiple of its blocks of ${blockSize}`);
  if (bits === 8 && given.zeroPoints) throw plan.fail(node, 'has zero points with 8 bits');
  const blocks = Math.ceil(inputs / blockSize);
  const tensor = (name: string, types: readonly ElementType[], bytes: number): StoredTensor => {
    const { tensor } = plan.storedOf(node, name);
    if (!types.includes(tensor.type) || tensor.byteLength !== bytes)
      throw plan.fail(
        node,
        `has as ${showText(name)} ${tensor.byteLength} bytes of ${ElementType[tensor.type]}, ${bytes} of ${types.map((type) => ElementType[type]).join(' or ')} expected`,
      );
    return tensor;
  };
  const elements = tensor(given.codes, [ElementType.UINT8], (outputs * blocks * blockSize * bits) / 8);
  const scales = tensor(given.scales, [ElementType.FLOAT], outputs * blocks * 4);
  const zeroPoints = given.zeroPoints ? zeroPointsOf(node, plan, given.zeroPoints, outputs, blocks) : undefined;
  const index = plan.addWeight({ name: given.codes, layout, outputs, inputs, transposed: false, elements, scales, zeroPoints, blockSize });
  return { layout, index };
}

function zeroPointsOf(node: GraphNode, plan: PlanBuilder, name: string, outputs: number, blocks: number): StoredTensor {
  const { tensor } = plan.storedOf(node, name);
  const expected = tensor.type === ElementType.UINT8 ? outputs * Math.ceil(blocks / 2) : outputs * blocks * 4;
  if (![ElementType.UINT8, ElementType.FLOAT].includes(tensor.type) || tensor.byteLength !== expected)
    throw plan.fail(node, `has zero points of ${tensor.byteLength} bytes of ${ElementType[tensor.type]}, ${expected} expected`);
  return tensor;
}
