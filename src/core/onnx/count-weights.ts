import { LOGITS } from './decoder-io.ts';
import { elementCount } from './external-range.ts';
import { TensorProto_DataType as ElementType, type GraphProto, type NodeProto, type TensorProto } from './onnx-ml_pb.js';
import { packedWeights } from './packed-weights.ts';

/** What a manifest states about a graph's weights. */
export interface WeightCounts {
  /** How most of the weights are stored. */
  readonly dtype: string;
  readonly parameters: number;
  readonly multiplyAddsPerToken: number;
}

/** How a graph's weights are stored, by what they are for. A part is undefined if the graph has no such weights. */
export interface WeightDtypes {
  /** How most of those are stored whose rows are looked up, or that make the logits. */
  readonly tables?: string;
  /** How most of the others are stored. */
  readonly matrices?: string;
}

/** Operators whose second input is the stored matrix that they multiply by. */
const PRODUCTS = ['MatMul', 'FusedMatMul', 'Gemm', 'MatMulInteger', 'DynamicQuantizeMatMul', 'MatMulNBits'];
/** How the zero points end that our own graphs look up beside a table's rows. */
const LOOKED_UP_ZERO_POINTS = '.zero_points';
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
 * Counts a graph's weights and multiplications. Scales, zero points, tables of rotary positions and single numbers do
 * not count as parameters.
 */
export function countWeights(graph: GraphProto): WeightCounts {
  const weights = listWeights(graph);
  const parameters = [...weights.values()].reduce((sum, { size }) => sum + size, 0);
  return {
    dtype: mostOf([...weights.values()]) ?? 'fp32',
    parameters,
    // If no product of the graph is recognized, the number of parameters stands in, because a graph multiplies by about
    // everything that it stores.
    multiplyAddsPerToken: countMultiplyAdds(graph, weights) || parameters,
  };
}

/** Finds how a graph's tables and matrices are stored. */
export function weightDtypes(graph: GraphProto): WeightDtypes {
  const sources = viewSources(graph);
  const isTable = ({ opType, output }: NodeProto) => opType.startsWith('Gather') || output[0] === LOGITS;
  const weights = listWeights(graph);
  const read = graph.node.filter(isTable).flatMap(({ input }) => input.map((name) => findWeight(name, sources, weights)));
  const tables = new Set(read);
  const byRole = (role: boolean) => [...weights].filter(([name]) => tables.has(name) === role).map(([, weight]) => weight);
  return { tables: mostOf(byRole(true)), matrices: mostOf(byRole(false)) };
}

interface StoredWeight {
  readonly size: number;
  readonly dtype: string;
}

/** Lists a graph's weights by name, each with the number of its values. */
function listWeights(graph: GraphProto): Map<string, StoredWeight> {
  const packed = packedWeights(graph);
  const beside = new Set(graph.node.flatMap(besideWeights));
  const sizes = new Map(graph.node.filter(({ opType }) => opType === 'MatMulNBits').map((node) => [node.input[1], matrixSize(node)]));
  const weights = new Map<string, StoredWeight>();
  for (const tensor of graph.initializer) {
    const bits = packed.get(tensor.name);
    const dtype = bits === undefined ? DTYPES[tensor.dataType] : `q${bits}`;
    const isBeside = beside.has(tensor.name) || tensor.name.endsWith(LOOKED_UP_ZERO_POINTS) || tensor.dims.length === 0;
    if (dtype === undefined || isBeside) continue;
    weights.set(tensor.name, { size: sizes.get(tensor.name) || countValues(tensor, bits), dtype });
  }
  return weights;
}

/** The dtype that most values have. */
function mostOf(weights: readonly StoredWeight[]): string | undefined {
  const byDtype = new Map<string, number>();
  for (const { dtype, size } of weights) byDtype.set(dtype, (byDtype.get(dtype) ?? 0) + size);
  return [...byDtype].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/**
 * The values of the matrix that MatMulNBits states: its codes may have more, since rows are filled up to whole blocks.
 */
function matrixSize({ attribute }: NodeProto): number {
  const [rows, columns] = ['N', 'K'].map((name) => Number(attribute.find((candidate) => candidate.name === name)?.i ?? 0n));
  return rows * columns;
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

function countMultiplyAdds(graph: GraphProto, weights: ReadonlyMap<string, StoredWeight>): number {
  const sources = viewSources(graph);
  const matrices = graph.node.filter(({ opType }) => PRODUCTS.includes(opType)).map(({ input }) => findWeight(input[1], sources, weights));
  return matrices.reduce((sum, name) => sum + (weights.get(name)?.size ?? 0), 0);
}

/** What each view of a value is a view of. */
function viewSources({ node }: GraphProto): Map<string, string> {
  return new Map(node.filter(({ opType }) => VIEWS.includes(opType)).map(({ output, input }) => [output[0], input[0]]));
}

/** Returns the name of the weight that a value is, directly or through a few views; or another name if it is none. */
function findWeight(name: string, sources: ReadonlyMap<string, string>, weights: ReadonlyMap<string, StoredWeight>): string {
  let found = name;
  for (let views = 0; views < 4 && !weights.has(found); views++) found = sources.get(found) ?? found;
  return found;
}
