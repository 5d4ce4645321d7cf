import type { StoredTensor } from '../graph/stored-tensor.ts';

/** Integers that follow from the number of positions alone: what a graph computes from shapes and from the attention mask. One tensor for each probe. */
export interface IntegersValue {
  readonly kind: 'integers';
  readonly probes: readonly { readonly dims: readonly number[]; readonly data: readonly number[] }[];
}

/** The token ids, or the positions, that a call feeds: known when it comes. */
export interface IdsValue {
  readonly kind: 'ids';
  readonly of: 'tokens' | 'positions';
}

/** float32 [1, positions, ...dims]: a row for each position, in a buffer of the plan. */
export interface RowsValue {
  readonly kind: 'rows';
  /** Index of the buffer in the plan. */
  readonly buffer: number;
  /** Bytes from the start of each row. */
  readonly offset: number;
  readonly dims: readonly number[];
  /** Cut to the last positions already: those whose logits are wanted. */
  readonly cut: boolean;
}

/** A weight in the model folder. */
export interface StoredValue {
  readonly kind: 'stored';
  readonly tensor: StoredTensor;
}

/** `past_key_values.N.key` and `.value` before a layer's attention, `present.…` behind it. */
export interface CacheValue {
  readonly kind: 'cache';
  readonly layer: number;
  readonly part: 'key' | 'value';
}

/** sigmoid(x) or silu(x), not computed yet: what comes next may have a kernel for both. */
export interface ActivationValue {
  readonly kind: 'activation';
  readonly activation: 'sigmoid' | 'silu';
  readonly of: RowsValue;
}

export type Value = IntegersValue | IdsValue | RowsValue | StoredValue | CacheValue | ActivationValue;

export function widthOf({ dims }: RowsValue): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
