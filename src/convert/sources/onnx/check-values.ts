import { invalidFile, showText } from '../../../core/invalid-file.ts';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from '../../../core/onnx/onnx-ml_pb.js';
import { graphTensors } from './graph-tensors.ts';
import { holdsFloats, storedFloats } from './stored-floats.ts';

/** The largest number in float32, in which values are computed. */
const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/**
 * The operators that read codes, and which of their inputs are the scales that codes are multiplied by and the zero
 * points that are subtracted from them before.
 */
const QUANTIZED: Readonly<Record<string, { readonly scales: number; readonly zeroPoints: number }>> = {
  MatMulNBits: { scales: 2, zeroPoints: 3 },
  GatherBlockQuantized: { scales: 2, zeroPoints: 3 },
  DequantizeLinear: { scales: 1, zeroPoints: 2 },
};
/** No code is further from its zero point than 2^8, where both are whole numbers of at most 8 bits. */
const MOST_STEPS = 2 ** 8;

/**
 * Checks all numbers that a graph stores: one that is not finite, or becomes so when it is computed with, would turn
 * every answer into nonsense. Minus infinity is allowed as the single value that a mask is filled with.
 * @param folder the folder that holds the graph's external data
 * @param file names the graph in messages
 * @throws GptEdgeError `invalid_file`, naming the tensor or the node's attribute, the value and its index
 */
export async function checkValues(graph: GraphProto, folder: string, file: string): Promise<void> {
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const scales = new Set(graph.node.flatMap(({ opType, input }) => input[QUANTIZED[opType]?.scales] ?? []));
  const masks = maskValues(graph);
  for (const tensor of graphTensors(graph)) {
    if (!holdsFloats(tensor)) continue;
    const isScale = scales.has(tensor.name) && initializers.get(tensor.name) === tensor;
    const limit = isScale ? MAX_FLOAT32 / MOST_STEPS : MAX_FLOAT32;
    await checkTensor(tensor, { limit, isMask: masks.has(tensor) }, folder, file);
  }
  for (const node of allNodes(graph)) for (const attribute of node.attribute) checkAttribute(node, attribute, file);
  for (const node of graph.node) await checkZeroPoints(node, initializers, folder, file);
}

async function checkTensor(
  tensor: TensorProto,
  { limit, isMask }: { readonly limit: number; readonly isMask: boolean },
  folder: string,
  file: string,
): Promise<void> {
  let start = 0;
  for await (const values of storedFloats(tensor, folder, file)) {
    const index = values.findIndex((value) => !(Math.abs(value) <= limit));
    const value = values[index];
    const isAllowed = index < 0 || (isMask && value === Number.NEGATIVE_INFINITY);
    if (!isAllowed) throw invalidFile(file, `tensor ${showText(tensor.name)}: value ${start + index} is ${value}${beyond(value, limit)}`);
    start += values.length;
  }
}

/** Why a finite number is refused. */
function beyond(value: number, limit: number): string {
  if (!Number.isFinite(value)) return '';
  return limit === MAX_FLOAT32 ? ', beyond float32' : ', and codes times this scale are beyond float32';
}

/** Zero points in a list of real numbers may be anything; what they are multiplied by must keep them finite. */
async function checkZeroPoints(
  { opType, input }: NodeProto,
  initializers: ReadonlyMap<string, TensorProto>,
  folder: string,
  file: string,
): Promise<void> {
  if (!Object.hasOwn(QUANTIZED, opType)) return;
  const scales = initializers.get(input[QUANTIZED[opType].scales]);
  const zeroPoints = initializers.get(input[QUANTIZED[opType].zeroPoints]);
  if (!scales || !zeroPoints || !holdsFloats(zeroPoints) || scales.dataType !== zeroPoints.dataType) return;
  const factors = storedFloats(scales, folder, file);
  let start = 0;
  for await (const values of storedFloats(zeroPoints, folder, file)) {
    const { value: factor } = await factors.next();
    const index = values.findIndex((value, at) => !(Math.abs(value * (factor?.[at] ?? 0)) <= MAX_FLOAT32));
    if (index >= 0)
      throw invalidFile(
        file,
        `tensor ${showText(zeroPoints.name)}: value ${start + index} is ${values[index]}, beyond float32 times its scale`,
      );
    start += values.length;
  }
}

function checkAttribute({ name: node, opType }: NodeProto, { name, f, floats }: AttributeProto, file: string): void {
  for (const [index, value] of [f, ...floats].entries()) {
    const isMask = opType.startsWith('Constant') && value === Number.NEGATIVE_INFINITY && floats.length <= 1;
    if (Number.isFinite(value) || isMask) continue;
    const where = index === 0 ? '' : ` value ${index - 1}`;
    throw invalidFile(file, `node ${showText(node)}: attribute ${showText(name)}${where} is ${value}`);
  }
}

/** The tensors of one value that a mask may be filled with: constants, and what only Where reads. */
function maskValues(graph: GraphProto): Set<TensorProto> {
  const namesRead = (isWhere: boolean) =>
    new Set(graph.node.flatMap(({ opType, input }) => ((opType === 'Where') === isWhere ? input : [])));
  const [byWhere, byOthers] = [namesRead(true), namesRead(false)];
  const filling = graph.initializer.filter(({ name }) => byWhere.has(name) && !byOthers.has(name));
  const constants = [...allNodes(graph)]
    .filter(({ opType }) => opType === 'Constant' || opType === 'ConstantOfShape')
    .flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? []));
  return new Set([...filling, ...constants].filter(({ dims }) => dims.every((size) => size === 1n)));
}

function* allNodes({ node: nodes }: GraphProto): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    for (const { g, graphs } of node.attribute) for (const inner of g ? [g, ...graphs] : graphs) yield* allNodes(inner);
  }
}
