import type { Kernels } from '../../../kernels/kernels.ts';
import type { VocabularyKernels } from '../../../kernels/vocabulary-kernels.ts';

/**
 * A number that a kernel is called with: either fixed, or known once buffers and weights have addresses and a call
 * comes.
 */
export type Operand =
  | number
  /** The address of a buffer's first row, plus `offset` bytes. */
  | { readonly buffer: number; readonly offset: number }
  /** Bytes between the rows of the buffer of this index. */
  | { readonly stride: number }
  /** The address of the weight of this index. */
  | { readonly weight: number }
  /** What the rows' adapter has for the step's node. */
  | { readonly adapter: 'down' | 'up' | 'rank' | 'isQuantized' }
  /** The address of the token ids of the rows. */
  | 'tokens'
  /** The address of the positions of the rows. */
  | 'positions'
  /** The number of rows to compute. */
  | 'rows'
  /** The position of the first row. */
  | 'position'
  /** The address of the page table. */
  | 'pages'
  /** The address of the kernels' scratch memory. */
  | 'scratch';

/** One call of a kernel. A step with operands of an adapter runs for rows of sequences with one, and no others. */
export interface Step {
  /** Name of the node that the step comes from. */
  readonly node: string;
  readonly kernel: Exclude<keyof Kernels, 'initialize' | keyof VocabularyKernels>;
  readonly operands: readonly Operand[];
  /** Indexes of the buffers that the step reads. A step that also writes one of them works in place. */
  readonly reads: readonly number[];
  /** Indexes of the buffers that the step writes. */
  readonly writes: readonly number[];
  /** Multiply-adds for one row, without those of attention over the cache. */
  readonly multiplyAdds: number;
}

/** A buffer of the plan: the steps of one node write it, others read it. */
export interface PlannedBuffer {
  readonly name: string;
  /**
   * Bytes between rows; 0 if rows do not lie one after the other, so that a part of the buffer cannot be read without
   * the rest.
   */
  readonly stride: number;
  /** Floats of a row; 0 for a buffer in a layout of a kernel's own. */
  readonly width: number;
  /** The bytes that this many rows take. */
  bytes(rows: number): number;
}
