import { showText } from '../../../core/show-text.ts';
import { BLOCK_INPUTS, type MatrixKind, matrixBytes } from '../../../kernels/matrix-layouts.ts';
import type { Attribute, GraphNode, ModelGraph } from '../graph/model-graph.ts';
import { integersOf, type StoredTensor } from '../graph/stored-tensor.ts';
import { unsupported } from '../graph/unsupported.ts';
import type { CacheFormat } from './cache-format.ts';
import type { PlannedWeight } from './planned-weight.ts';
import { PROBES } from './probe.ts';
import type { Operand, PlannedBuffer, Step } from './step.ts';
import { type IntegersValue, type RowsValue, type StoredValue, type Value, widthOf } from './value.ts';

/** Floats of a row are padded to this many, which the matrix kernels write. */
const ROW_PADDING = 16;
/** Rows that lie a multiple of this apart share a few lines of the first cache, 64 sets of 64 bytes, and drive each other out of them. */
const CACHE_CONFLICT_BYTES = 1024;

/** What a plan has to serve. */
export interface PlanOptions {
  readonly contextWindow: number;
  readonly vocabularySize: number;
  /** How keys and values are kept: float32, or 8 bits with a scale for each position and head. */
  readonly cacheFormat: CacheFormat;
}

/** Heads and cache of the graph's attention nodes, all alike. */
export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDimension: number;
  readonly layers: number;
}

/** Collects a plan's steps, buffers and weights while the operators are gone through in the graph's order. */
export class PlanBuilder {
  readonly graph: ModelGraph;
  readonly options: PlanOptions;
  readonly steps: Step[] = [];
  readonly buffers: PlannedBuffer[] = [];
  readonly weights: PlannedWeight[] = [];
  attention: AttentionShape | undefined;
  readonly #values = new Map<string, Value>();
  readonly #uses = new Map<string, number>();
  readonly #weightIndexes = new Map<string, number>();
  readonly #quantized = new Map<string, number>();

  constructor(graph: ModelGraph, options: PlanOptions) {
    this.graph = graph;
    this.options = options;
    for (const name of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs])
      this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
  }

  /** How many nodes read a value, the graph's outputs included. */
  uses(name: string): number {
    return this.#uses.get(name) ?? 0;
  }

  setValue(name: string, value: Value): void {
    if (name !== '') this.#values.set(name, value);
  }

  /** @throws GptEdgeError `unsupported_model` for a name that nothing before has made */
  value(name: string): Value {
    const value = this.#values.get(name) ?? this.#storedValue(name);
    if (value === undefined) throw unsupported(`nothing makes the value ${showText(name)}.`);
    return value;
  }

  #storedValue(name: string): Value | undefined {
    const tensor = this.graph.tensors.get(name);
    if (tensor === undefined) return undefined;
    return constantIntegers(tensor) ?? { kind: 'stored', tensor };
  }

  /** A buffer of float32 rows. */
  allocateRows(name: string, dims: readonly number[], cut: boolean): RowsValue {
    const width = dims.reduce((product, dim) => product * dim, 1);
    const stride = rowStride(width);
    this.buffers.push({ name, stride, width, bytes: (rows) => rows * stride });
    return { kind: 'rows', buffer: this.buffers.length - 1, offset: 0, dims, cut };
  }

  /** A buffer in a layout of a kernel's own. */
  allocateScratch(name: string, bytes: (rows: number) => number): number {
    this.buffers.push({ name, stride: 0, width: 0, bytes });
    return this.buffers.length - 1;
  }

  addStep(step: Step): void {
    this.steps.push(step);
  }

  /** A step of `rows` rows that reads `inputs` and writes a new value like the first of them. */
  addRowStep(node: string, kernel: Step['kernel'], inputs: readonly RowsValue[], operands: (out: RowsValue) => readonly Operand[]): RowsValue {
    const [first] = inputs;
    const out = this.allocateRows(node, first.dims, first.cut);
    const reads = inputs.map(({ buffer }) => buffer);
    this.addStep({ node, kernel, operands: operands(out), reads, writes: [out.buffer], multiplyAdds: 0 });
    return out;
  }

  /** The index of a weight, the same for all who read the same tensor in the same layout. */
  addWeight(weight: Omit<PlannedWeight, 'bytes'>): number {
    const { layout, outputs, inputs } = weight;
    const key = `${weight.elements.name}\n${layout}`;
    const known = this.#weightIndexes.get(key);
    if (known !== undefined) {
      checkSameWeight(this.weights[known], weight);
      return known;
    }
    const bytes = layout === 'plain' ? outputs * inputs * Float32Array.BYTES_PER_ELEMENT : boundedMatrixBytes(layout, outputs, inputs);
    this.weights.push({ ...weight, bytes });
    this.#weightIndexes.set(key, this.weights.length - 1);
    return this.weights.length - 1;
  }

  /** A vector of `width` floats: a norm's gain, a bias. */
  addVector(node: GraphNode, name: string, width: number): number {
    const value = this.value(name);
    if (value.kind !== 'stored' || value.tensor.dims.reduce((a, b) => a * b, 1) !== width)
      throw this.fail(node, `wants a stored vector of ${width} values as ${showText(name)}`);
    return this.addWeight({ name, layout: 'plain', outputs: 1, inputs: width, transposed: false, elements: value.tensor });
  }

  /** x as a matrix kernel's activations, quantized once however many matrices it is multiplied by. */
  quantized(x: RowsValue, layout: 'q4' | 'q8', make: () => number): number {
    const key = `${x.buffer} ${x.offset} ${widthOf(x)} ${layout}`;
    const known = this.#quantized.get(key);
    if (known !== undefined) return known;
    const buffer = make();
    this.#quantized.set(key, buffer);
    return buffer;
  }

  /**
   * An input as float32 rows; a pending activation is computed.
   * @throws GptEdgeError `unsupported_model` for anything else
   */
  rowsOf(node: GraphNode, name: string): RowsValue {
    const value = this.value(name);
    if (value.kind === 'activation') {
      const out = this.addActivation(name, value.activation, value.of);
      this.setValue(name, out);
      return out;
    }
    if (value.kind !== 'rows') throw this.fail(node, `wants float32 rows, one for each position, as ${showText(name)}`);
    return value;
  }

  addActivation(name: string, kernel: Step['kernel'], x: RowsValue): RowsValue {
    return this.addRowStep(name, kernel, [x], (out) => [...address(x), ...address(out), 'rows', widthOf(x)]);
  }

  storedOf(node: GraphNode, name: string): StoredValue {
    const value = this.value(name);
    if (value.kind !== 'stored') throw this.fail(node, `wants a stored weight as ${showText(name)}`);
    return value;
  }

  integersOf(node: GraphNode, name: string): IntegersValue {
    const value = this.value(name);
    if (value.kind !== 'integers') throw this.fail(node, `wants integers that follow from shapes as ${showText(name)}`);
    return value;
  }

  /** A constant integer, or list of them: the same for every probe. */
  constantOf(node: GraphNode, name: string): readonly number[] {
    const { probes } = this.integersOf(node, name);
    const [{ data }] = probes;
    if (probes.some((probe) => probe.data.join() !== data.join())) throw this.fail(node, `wants a constant as ${showText(name)}`);
    return data;
  }

  fail(node: GraphNode, problem: string) {
    return unsupported(`node ${showText(node.name)} (${node.operator}) ${problem}.`);
  }
}

/** The operands of a buffer that a kernel reads or writes: where it begins, and its stride. */
export function address({ buffer, offset }: RowsValue): Operand[] {
  return [{ buffer, offset }, { stride: buffer }];
}

/** @throws GptEdgeError `unsupported_model` for an attribute of another kind */
export function numberAttribute(node: GraphNode, name: string, fallback: number): number {
  const value: Attribute | undefined = node.attributes.get(name);
  if (value === undefined) return fallback;
  if (typeof value === 'number') return value;
  throw unsupported(`node ${showText(node.name)} (${node.operator}) has no number as its attribute ${name}.`);
}

/** @throws GptEdgeError `unsupported_model` for more outputs or inputs than the kernels are made for */
function boundedMatrixBytes(layout: MatrixKind, outputs: number, inputs: number): number {
  try {
    return matrixBytes(layout, outputs, inputs);
  } catch (error) {
    throw unsupported(`it has a matrix whose ${(error as Error).message}.`);
  }
}

/** Bytes between rows of `width` floats. */
function rowStride(width: number): number {
  const bytes = Math.ceil(width / ROW_PADDING) * ROW_PADDING * Float32Array.BYTES_PER_ELEMENT;
  return bytes % CACHE_CONFLICT_BYTES === 0 ? bytes + 64 : bytes;
}

function constantIntegers(tensor: StoredTensor): IntegersValue | undefined {
  const data = integersOf(tensor);
  return data && { kind: 'integers', probes: PROBES.map(() => ({ dims: tensor.dims, data })) };
}

/** A table that is looked up in whole blocks has more inputs than the matrix of the same codes, which leaves the padding out. */
function paddedInputs({ layout, inputs }: Pick<PlannedWeight, 'layout' | 'inputs'>): number {
  return layout === 'q4' || layout === 'q8' ? Math.ceil(inputs / BLOCK_INPUTS) : inputs;
}

/** A table that is looked up and multiplied by declares its scales twice: they must be the same bytes. */
function checkSameWeight(known: PlannedWeight, other: Omit<PlannedWeight, 'bytes'>): void {
  const place = (tensor?: StoredTensor) =>
    tensor && `${tensor.file} ${tensor.offset} ${tensor.byteLength} ${tensor.bytes === undefined ? '' : tensor.name}`;
  const same =
    known.outputs === other.outputs &&
    paddedInputs(known) === paddedInputs(other) &&
    known.transposed === other.transposed &&
    place(known.scales) === place(other.scales) &&
    place(known.zeroPoints) === place(other.zeroPoints);
  if (!same) throw unsupported(`the tensor ${showText(known.elements.name)} is read in two ways that contradict each other.`);
}
