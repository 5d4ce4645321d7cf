import type { CacheName } from '../../../core/onnx/decoder-io.ts';
import type { StoredTensor } from '../graph/stored-tensor.ts';

/**
 * A call of the graph with sizes that the planner makes up. It tries a graph's integer arithmetic on a few probes,
 * because following it symbolically would take far more code: a result that is the same function of these sizes in
 * every probe is taken to be that function.
 */
export interface Probe {
  /** Positions in the cache before the call. */
  readonly past: number;
  /** Positions that the call adds. */
  readonly rows: number;
  /** The input `num_logits_to_keep`. */
  readonly keep: number;
}

/** The numbers are chosen so that no two quantities of interest are equal. */
export const PROBES: readonly Probe[] = [
  { past: 0, rows: 5, keep: 1 },
  { past: 7, rows: 3, keep: 2 },
  { past: 31, rows: 11, keep: 4 },
];

/** Integers and their shape. */
export interface IntegerTensor {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/**
 * Integers that depend on nothing but the number of positions: what a graph computes from shapes and from the attention
 * mask.
 */
export interface IntegersValue {
  readonly kind: 'integers';
  /** The integers in each of PROBES. */
  readonly probes: readonly IntegerTensor[];
}

/** Makes a value of integers that are the same in every probe. */
export function constantIntegers(tensor: IntegerTensor): IntegersValue {
  return { kind: 'integers', probes: PROBES.map(() => tensor) };
}

/** The token ids or the positions that a call feeds: known only when the call comes. */
export interface IdsValue {
  readonly kind: 'ids';
  readonly of: 'tokens' | 'positions';
}

/** A row for each position, in a buffer of the plan: float32 [1, positions, ...dims]. */
export interface RowsValue {
  readonly kind: 'rows';
  /** Index of the buffer in the plan. */
  readonly buffer: number;
  /** Bytes from the start of each row. */
  readonly offset: number;
  readonly dims: readonly number[];
  /** Whether the graph counts each entry of the first of `dims` as a position: [1, positions * dims[0], ...]. */
  readonly isFolded?: boolean;
  /** Whether the graph has cut the rows to the last positions, those whose logits are wanted. */
  readonly cut: boolean;
}

/** A weight in the model folder. */
export interface StoredValue {
  readonly kind: 'stored';
  readonly tensor: StoredTensor;
  /** Whether the graph has swapped the axes of the tensor, which is a matrix. */
  readonly isTransposed?: boolean;
}

/** Keys or values of a layer: `past_key_values.N.…` before the layer's attention, `present.N.…` after it. */
export interface CacheValue extends CacheName {
  readonly kind: 'cache';
}

/** A sigmoid(x) or silu(x) that is not computed yet, because the next operator may have a kernel for both. */
export interface ActivationValue {
  readonly kind: 'activation';
  readonly activation: 'sigmoid' | 'silu';
  readonly of: RowsValue;
}

/** What the planner knows of a value of the graph. */
export type Value = IntegersValue | IdsValue | RowsValue | StoredValue | CacheValue | ActivationValue;

/** The shape that rows have in the graph, if there are so many positions. */
export function shapeOf({ dims, isFolded }: RowsValue, positions: number): readonly number[] {
  return isFolded ? [1, positions * dims[0], ...dims.slice(1)] : [1, positions, ...dims];
}

/** Floats of a row. */
export function widthOf({ dims }: RowsValue): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
