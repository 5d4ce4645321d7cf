import { elementCount } from '../../../core/onnx/external-range.ts';
import { TensorProto_DataType as ElementType, type GraphProto, type NodeProto, type TensorProto } from '../../../core/onnx/onnx-ml_pb.js';
import { packedWeights } from '../../graph/packed-weights.ts';

/** What a manifest states about a graph's weights. */
export interface WeightCounts {
  /** How most of the weights are stored. */
  readonly dtype: string;
  readonly parameters: number;
  readonly multiplyAddsPerToken: number;
}

/** Operators whose second input is the stored matrix that they multiply by. */
const PRODUCTS = ['MatMul', 'FusedMatMul', 'Gemm', 'MatMulInteger', 'DynamicQuantizeMatMul', 'MatMulNBits'];
/** Operators that pass their first input on in another shape or type. */
const VIEWS = ['Transpose', 'Cast', 'Identity', 'DequantizeLinear'];
/** The element types of weights. Integers of 32 and 64 bits are not among them: they are shapes, axes and masks. */
const DTYPES: Readonly<Record<number, string>> = {
  [ElementType.FLOAT]: 'fp32',
  [ElementType.FLOAT16]: 'fp16',
  [ElementType.BFLOAT16]: 'bf16',
  [ElementType.INT8]: 'int8',
  [ElementType.UINT8]: 'int8',
  [ElementType.INT4]: 'int4',
  [ElementType.UINT4]: 'int4',
};

/**
 * Counts a graph's weights and multiplications. Scales, zero points and tables of rotary positions do not count as
 * parameters.
 */
export function countWeights(graph: GraphProto): WeightCounts {
  const packed = packedWeights(graph);
  const beside = new Set(graph.node.flatMap(besideWeights));
  const sizes = new Map<string, number>();
  const byDtype = new Map<string, number>();
  for (const tensor of graph.initializer) {
    const bits = packed.get(tensor.name);
    const dtype = bits === undefined ? DTYPES[tensor.dataType] : `q${bits}`;
    if (dtype === undefined || beside.has(tensor.name)) continue;
    const size = countValues(tensor, bits);
    sizes.set(tensor.name, size);
    byDtype.set(dtype, (byDtype.get(dtype) ?? 0) + size);
  }
  const [dtype] = [...byDtype].sort(([, a], [, b]) => b - a)[0] ?? ['fp32'];
  const parameters = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  // A graph whose products are not recognized still multiplies by about everything that it stores.
  return { dtype, parameters, multiplyAddsPerToken: countMultiplyAdds(graph, sizes) || parameters };
}

/** Returns the names of what a node reads besides activations and weights. */
function besideWeights({ opType, input }: NodeProto): string[] {
  if (opType === 'MatMulNBits') return input.slice(2, 5);
  if (opType === 'GatherBlockQuantized') return input.slice(2);
  if (opType === 'RotaryEmbedding') return input.slice(2, 4);
  if (opType === 'GroupQueryAttention') return input.slice(7, 9);
  return opType === 'DequantizeLinear' ? input.slice(1) : [];
}

/** Counts the values of a tensor, several of which may share a byte. */
function countValues(tensor: TensorProto, bits: number | undefined): number {
  const isByte = tensor.dataType === ElementType.UINT8 || tensor.dataType === ElementType.INT8;
  return elementCount(tensor) * (bits !== undefined && isByte ? Math.floor(8 / bits) : 1);
}

function countMultiplyAdds({ node }: GraphProto, sizes: ReadonlyMap<string, number>): number {
  const sources = new Map(node.filter(({ opType }) => VIEWS.includes(opType)).map(({ output, input }) => [output[0], input[0]]));
  const matrices = node.filter(({ opType }) => PRODUCTS.includes(opType)).map(({ input }) => sizeOf(input[1], sources, sizes));
  return matrices.reduce((sum, size) => sum + size, 0);
}

/**
 * Returns the size of the stored matrix that a product reads, directly or through a few views. It is 0 for an
 * activation.
 */
function sizeOf(name: string, sources: ReadonlyMap<string, string>, sizes: ReadonlyMap<string, number>): number {
  let matrix = name;
  for (let views = 0; views < 4 && !sizes.has(matrix); views++) matrix = sources.get(matrix) ?? matrix;
  return sizes.get(matrix) ?? 0;
}
