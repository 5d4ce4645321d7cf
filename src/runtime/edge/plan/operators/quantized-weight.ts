import { showText } from '../../../../core/invalid-file.ts';
import { TensorProto_DataType as ElementType } from '../../../../core/onnx/onnx-ml_pb.js';
import { BLOCK_INPUTS } from '../../../../kernels/matrix-layouts.ts';
import type { GraphNode } from '../../graph/model-graph.ts';
import type { StoredTensor } from '../../graph/stored-tensor.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { PlannedWeight } from '../planned-weight.ts';

/** A matrix of codes [outputs, inputs]: the names of its tensors, and how it is quantized. */
export interface QuantizedInputs {
  readonly codes: string;
  readonly scales: string;
  /** Empty if every zero point is the middle of the codes. */
  readonly zeroPoints: string;
  readonly bits: number;
  readonly blockSize: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly isByPosition?: PlannedWeight['isByPosition'];
}

/**
 * Adds a matrix of codes, as MatMulNBits and GatherBlockQuantized read it, to the plan's weights.
 * @returns the layout, and the index of the weight
 * @throws GptEdgeError `unsupported_model` for a quantization that the kernels do not know, or tensors that do not fit
 *   it
 */
export function quantizedWeight(node: GraphNode, plan: PlanBuilder, given: QuantizedInputs): { layout: 'q4' | 'q8'; weight: number } {
  const { codes: name, bits, blockSize, outputs, inputs, isByPosition } = given;
  checkQuantization(node, plan, given);
  const layout = bits === 4 ? 'q4' : 'q8';
  const blocks = Math.ceil(inputs / blockSize);
  const elements = tensorOf(node, plan, name, ElementType.UINT8, (outputs * blocks * blockSize * bits) / 8);
  const scales = tensorOf(node, plan, given.scales, ElementType.FLOAT, outputs * blocks * 4);
  const zeroPoints = given.zeroPoints ? zeroPointsOf(node, plan, given.zeroPoints, outputs, blocks) : undefined;
  const matrix = { name, layout, outputs, inputs, transposed: false, isByPosition, elements, scales, zeroPoints, blockSize } as const;
  const weight = plan.addWeight(matrix);
  return { layout, weight };
}

function checkQuantization(node: GraphNode, plan: PlanBuilder, { bits, blockSize, inputs, zeroPoints }: QuantizedInputs): void {
  if (bits !== 4 && bits !== 8) throw plan.fail(node, `has ${bits} bits, 4 or 8 expected`);
  if (blockSize % BLOCK_INPUTS !== 0 || blockSize < BLOCK_INPUTS)
    throw plan.fail(node, `has blocks of ${blockSize}, a multiple of ${BLOCK_INPUTS} expected`);
  if (blockSize > BLOCK_INPUTS && inputs % blockSize !== 0)
    throw plan.fail(node, `has rows of ${inputs}, which is not a multiple of its blocks of ${blockSize}`);
  if (bits === 8 && zeroPoints) throw plan.fail(node, 'has zero points with 8 bits');
}

function tensorOf(node: GraphNode, plan: PlanBuilder, name: string, type: ElementType, bytes: number): StoredTensor {
  const { tensor } = plan.storedOf(node, name);
  if (tensor.type === type && tensor.byteLength === bytes) return tensor;
  const found = `${tensor.byteLength} bytes of ${ElementType[tensor.type]}`;
  throw plan.fail(node, `has ${found} as ${showText(name)}, ${bytes} of ${ElementType[type]} expected`);
}

/** Zero points are either float32, or packed as 4 bits each, with every row padded to whole bytes. */
function zeroPointsOf(node: GraphNode, plan: PlanBuilder, name: string, outputs: number, blocks: number): StoredTensor {
  const { tensor } = plan.storedOf(node, name);
  const expected = tensor.type === ElementType.UINT8 ? outputs * Math.ceil(blocks / 2) : outputs * blocks * 4;
  if (![ElementType.UINT8, ElementType.FLOAT].includes(tensor.type) || tensor.byteLength !== expected)
    throw plan.fail(node, `has zero points of ${tensor.byteLength} bytes of ${ElementType[tensor.type]}, ${expected} expected`);
  return tensor;
}
