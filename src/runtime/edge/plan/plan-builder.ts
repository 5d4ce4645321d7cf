import { showText } from '../../../core/invalid-file.ts';
import { BLOCK_INPUTS, matrixBytes } from '../../../kernels/matrix-layouts.ts';
import type { GraphNode, ModelGraph } from '../graph/model-graph.ts';
import { integersOf, type StoredTensor } from '../graph/stored-tensor.ts';
import { unsupported } from '../graph/unsupported.ts';
import type { AttentionShape, CacheOptions } from './cache-shape.ts';
import { CACHE_LINE_BYTES } from './place-buffers.ts';
import type { PlannedWeight } from './planned-weight.ts';
import type { Operand, PlannedBuffer, Step } from './step.ts';
import { constantIntegers, type IntegersValue, type RowsValue, type StoredValue, type Value, widthOf } from './value.ts';

/** Rows are padded to a multiple of this many floats, because the matrix kernels write whole tiles. */
const ROW_PADDING = 16;
/**
 * A first-level cache has 64 sets of lines of 64 bytes. Rows that lie a multiple of this many bytes apart share a few
 * of the sets, and evict each other from them.
 */
const CACHE_CONFLICT_BYTES = 1024;

/** What a plan has to serve. */
export interface PlanOptions extends CacheOptions {
  readonly vocabularySize: number;
  /** Bytes of the room for adapters, in which the largest fits. Default: 0, and no step applies an adapter */
  readonly adapterBytes?: number;
}

/** The sizes of a product that an adapter may add to. */
export interface AdaptableProduct {
  readonly inputs: number;
  readonly outputs: number;
}

/** Collects a plan's steps, buffers and weights while the planner goes through the nodes in the graph's order. */
export class PlanBuilder {
  readonly graph: ModelGraph;
  readonly options: PlanOptions;
  readonly steps: Step[] = [];
  readonly buffers: PlannedBuffer[] = [];
  readonly weights: PlannedWeight[] = [];
  /** What each matrix is multiplied by, and how many outputs it has, in the order of the steps. */
  readonly products: { readonly of: RowsValue; readonly outputs: number }[] = [];
  /** The products that adapters may add to, by the name of the node. */
  readonly adaptable = new Map<string, AdaptableProduct>();
  attention: AttentionShape | undefined;
  readonly #values = new Map<string, Value>();
  readonly #uses = new Map<string, number>();
  /** The names of the values that lie in each buffer. */
  readonly #names = new Map<number, Set<string>>();
  /** How many inputs of nodes only give a part of each buffer, or all of it, another name. */
  readonly #renamings = new Map<number, number>();
  readonly #weightIndexes = new Map<string, number>();
  readonly #quantized = new Map<string, number>();
  readonly #deferred: Step[] = [];

  constructor(graph: ModelGraph, options: PlanOptions) {
    this.graph = graph;
    this.options = options;
    for (const name of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs])
      this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
  }

  /**
   * How often a buffer is read, under any of its names. Each input of a node that names it counts once, and so does an
   * output of the graph; a node that only gives it another name does not.
   */
  readers({ buffer }: RowsValue): number {
    const names = [...(this.#names.get(buffer) ?? [])];
    return names.reduce((sum, name) => sum + (this.#uses.get(name) ?? 0), 0) - (this.#renamings.get(buffer) ?? 0);
  }

  /** Takes note of a node that has been planned, and may only have given its inputs other names. */
  noteRenamings({ inputs, outputs }: GraphNode): void {
    const bufferOf = (name: string) => {
      const value = this.#values.get(name);
      return value?.kind === 'rows' ? value.buffer : undefined;
    };
    const made = new Set(outputs.map(bufferOf));
    for (const buffer of inputs.map(bufferOf))
      if (buffer !== undefined && made.has(buffer)) this.#renamings.set(buffer, (this.#renamings.get(buffer) ?? 0) + 1);
  }

  /** Records what is known of a value that a node makes. The empty name stands for an output that is not wanted. */
  setValue(name: string, value: Value): void {
    if (name === '') return;
    this.#values.set(name, value);
    if (value.kind === 'rows') this.#names.set(value.buffer, (this.#names.get(value.buffer) ?? new Set()).add(name));
  }

  /**
   * Returns what is known of a value.
   * @throws GptEdgeError `unsupported_model` for a name that no earlier node has made
   */
  value(name: string): Value {
    const value = this.#values.get(name) ?? this.#storedValue(name);
    if (value === undefined) throw unsupported(`nothing makes the value ${showText(name)}.`);
    return value;
  }

  #storedValue(name: string): Value | undefined {
    const tensor = this.graph.tensors.get(name);
    if (tensor === undefined) return undefined;
    const data = integersOf(tensor);
    return data ? constantIntegers({ dims: tensor.dims, data }) : { kind: 'stored', tensor };
  }

  /** Adds a buffer of float32 rows to the plan. */
  allocateRows(name: string, dims: readonly number[], cut: boolean): RowsValue {
    const width = dims.reduce((product, dim) => product * dim, 1);
    const stride = rowStride(width);
    this.buffers.push({ name, stride, width, bytes: (rows) => rows * stride });
    return { kind: 'rows', buffer: this.buffers.length - 1, offset: 0, dims, cut };
  }

  /** Adds a buffer in a layout of a kernel's own to the plan, and returns its index. */
  allocateScratch(name: string, bytes: (rows: number) => number): number {
    this.buffers.push({ name, stride: 0, width: 0, bytes });
    return this.buffers.length - 1;
  }

  addStep(step: Step): void {
    const isInTheWay = ({ reads, writes }: Step) =>
      [...step.reads, ...step.writes].some((buffer) => writes.includes(buffer)) || step.writes.some((buffer) => reads.includes(buffer));
    if (this.#deferred.some(isInTheWay)) this.flushDeferred();
    this.steps.push(step);
  }

  /**
   * Adds a step that works in place on what it writes, as late as the order of the others allows. Steps that read small
   * matrices come together then, and those that stream the large ones are not interrupted each time.
   */
  deferStep(step: Step): void {
    this.#deferred.push(step);
  }

  /** Adds the steps that were deferred. */
  flushDeferred(): void {
    this.steps.push(...this.#deferred.splice(0));
  }

  /** Adds a step that reads `inputs` row by row, and returns its result: new rows in the shape of the first input. */
  addRowStep(
    node: string,
    kernel: Step['kernel'],
    inputs: readonly RowsValue[],
    operands: (out: RowsValue) => readonly Operand[],
  ): RowsValue {
    const [first] = inputs;
    const out = this.allocateRows(node, first.dims, first.cut);
    const reads = inputs.map(({ buffer }) => buffer);
    this.addStep({ node, kernel, operands: operands(out), reads, writes: [out.buffer], multiplyAdds: 0 });
    return out;
  }

  /** Adds a weight to the plan, unless the same tensor is there in the same layout already, and returns its index. */
  addWeight(weight: Omit<PlannedWeight, 'bytes'>): number {
    const key = `${weight.elements.name}\n${weight.layout}`;
    const known = this.#weightIndexes.get(key);
    if (known !== undefined) {
      checkSameWeight(this.weights[known], weight);
      if (!weight.isByPosition) this.weights[known] = { ...this.weights[known], isByPosition: false };
      return known;
    }
    this.weights.push({ ...weight, bytes: weightBytes(weight) });
    this.#weightIndexes.set(key, this.weights.length - 1);
    return this.weights.length - 1;
  }

  /**
   * Adds a stored vector of `width` floats (a norm's gain, a bias) to the plan, and returns its index among the
   * weights. A single number that lies in the graph is repeated `width` times.
   */
  addVector(node: GraphNode, name: string, width: number): number {
    const value = this.value(name);
    const elements = value.kind === 'stored' && !value.isTransposed ? repeated(value.tensor, width) : undefined;
    if (elements?.dims.reduce((a, b) => a * b, 1) !== width)
      throw this.fail(node, `needs a stored vector of ${width} values as ${showText(name)}`);
    return this.addWeight({ name, layout: 'plain', outputs: 1, inputs: width, transposed: false, elements });
  }

  /** Returns the buffer of x in quantized form. `make` adds it once, however many matrices x is multiplied by. */
  quantized(x: RowsValue, layout: 'q4' | 'q8', make: () => number): number {
    const key = `${x.buffer} ${x.offset} ${widthOf(x)} ${layout}`;
    const known = this.#quantized.get(key);
    if (known !== undefined) return known;
    const buffer = make();
    this.#quantized.set(key, buffer);
    return buffer;
  }

  /**
   * Returns an input as float32 rows. If it is an activation that is not computed yet, a step for it is added.
   * @throws GptEdgeError `unsupported_model` for a value of another kind, and for rows that are folded
   */
  rowsOf(node: GraphNode, name: string): RowsValue {
    const rows = this.foldedRowsOf(node, name);
    if (rows.isFolded) throw this.fail(node, `reads ${showText(name)}, in which parts of a row count as positions`);
    return rows;
  }

  /** Returns an input as `rowsOf` does, but rows may be folded. */
  foldedRowsOf(node: GraphNode, name: string): RowsValue {
    const value = this.value(name);
    if (value.kind === 'activation') {
      const out = this.addActivation(name, value.activation, value.of);
      this.setValue(name, out);
      return out;
    }
    if (value.kind !== 'rows') throw this.fail(node, `needs float32 rows, one for each position, as ${showText(name)}`);
    return value;
  }

  /** Adds a step that maps each number of x. */
  addActivation(name: string, kernel: Step['kernel'], x: RowsValue): RowsValue {
    return this.addRowStep(name, kernel, [x], (out) => [...address(x), ...address(out), 'rows', widthOf(x)]);
  }

  /** @throws GptEdgeError `unsupported_model` for anything but a stored weight */
  storedOf(node: GraphNode, name: string): StoredValue {
    const value = this.storedMatrixOf(node, name);
    if (value.isTransposed) throw this.fail(node, `needs ${showText(name)} as it is stored, and not transposed`);
    return value;
  }

  /** Returns a stored weight as `storedOf` does, but it may be transposed. */
  storedMatrixOf(node: GraphNode, name: string): StoredValue {
    const value = this.value(name);
    if (value.kind !== 'stored') throw this.fail(node, `needs a stored weight as ${showText(name)}`);
    return value;
  }

  /** @throws GptEdgeError `unsupported_model` for anything but integers */
  integersOf(node: GraphNode, name: string): IntegersValue {
    const value = this.value(name);
    if (value.kind !== 'integers') throw this.fail(node, `needs integers that follow from shapes as ${showText(name)}`);
    return value;
  }

  /**
   * Returns the integers of a constant.
   * @throws GptEdgeError `unsupported_model` for integers that depend on the call
   */
  constantOf(node: GraphNode, name: string): readonly number[] {
    const { probes } = this.integersOf(node, name);
    const [{ data }] = probes;
    if (probes.some((probe) => probe.data.join() !== data.join())) throw this.fail(node, `needs a constant as ${showText(name)}`);
    return data;
  }

  /** The error for a node that the engine cannot run. */
  fail(node: GraphNode, problem: string) {
    return unsupported(`node ${showText(node.name)} (${node.operator}) ${problem}.`);
  }
}

/** Makes a vector of `width` equal values of a single number in the graph. Any other tensor is returned as it is. */
function repeated(tensor: StoredTensor, width: number): StoredTensor {
  const { name, bytes, byteLength, dims } = tensor;
  if (bytes === undefined || width === 1 || dims.some((dim) => dim !== 1)) return tensor;
  const all = Uint8Array.from({ length: width * byteLength }, (_, index) => bytes[index % byteLength]);
  return { ...tensor, name: `${name}[${width}]`, dims: [width], byteLength: all.length, bytes: all };
}

/** The two operands by which a kernel reads or writes rows: their address and their stride. */
export function address({ buffer, offset }: RowsValue): Operand[] {
  return [{ buffer, offset }, { stride: buffer }];
}

/**
 * Bytes of a weight in WebAssembly memory.
 * @throws GptEdgeError `unsupported_model` for more outputs or inputs than the kernels take
 */
export function weightBytes({ layout, outputs, inputs }: Pick<PlannedWeight, 'layout' | 'outputs' | 'inputs'>): number {
  if (layout === 'plain') return outputs * inputs * Float32Array.BYTES_PER_ELEMENT;
  try {
    return matrixBytes(layout, outputs, inputs);
  } catch (error) {
    throw unsupported(`it has a matrix whose ${(error as Error).message}.`);
  }
}

/** Bytes between rows of `width` floats. */
export function rowStride(width: number): number {
  const bytes = Math.ceil(width / ROW_PADDING) * ROW_PADDING * Float32Array.BYTES_PER_ELEMENT;
  return bytes % CACHE_CONFLICT_BYTES === 0 ? bytes + CACHE_LINE_BYTES : bytes;
}

/**
 * Inputs in whole blocks, if the layout has blocks. A table that is looked up counts the padding of its last block
 * among its inputs; the matrix of the same codes does not.
 */
function paddedInputs({ layout, inputs }: Pick<PlannedWeight, 'layout' | 'inputs'>): number {
  return layout === 'q4' || layout === 'q8' ? Math.ceil(inputs / BLOCK_INPUTS) : inputs;
}

/**
 * Checks that two readers of one tensor agree. A table that is both looked up and multiplied by declares its scales
 * twice.
 */
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
